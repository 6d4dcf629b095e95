"""`sqlite3 FILE STATEMENT` for machines that have none."""

import sys
from sqlite3 import connect


def main() -> None:
    _, file, statement = sys.argv
    connection = connect(file, isolation_level=None)
    for row in connection.execute(statement):
        sys.stdout.write("|".join(map(str, row)) + "\n")
    connection.close()


if __name__ == "__main__":
    main()
