"""`curl` for machines that have none, as far as the README uses it: -s -X -u -H -d -T."""

import argparse
import sys

import httpx


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-u", dest="user")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="data")
    parser.add_argument("-T", dest="upload", choices=["-"])
    options = parser.parse_args()
    content = options.data.encode() if options.data else sys.stdin.buffer.read() if options.upload else None
    method = options.method or ("PUT" if options.upload else "POST" if options.data else "GET")
    answer = httpx.request(
        method,
        options.url,
        auth=tuple(options.user.split(":", 1)) if options.user else None,
        headers=[tuple(part.strip() for part in header.split(":", 1)) for header in options.headers],
        content=content,
        trust_env=False,
    )
    sys.stdout.write(answer.text)


if __name__ == "__main__":
    main()
