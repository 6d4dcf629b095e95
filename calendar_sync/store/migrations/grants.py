"""What a running server may do on PostgreSQL, where it is not let in as the owner of the tables."""

from sqlalchemy import Connection, text

from calendar_sync.domain.errors import Invalid
from calendar_sync.store.row_security import IS_BYPASSED

_FIELD = "application_role"


def grant_to_applications(connection: Connection, role: str | None) -> None:
    """Let `role`, and whoever was let before, work with all tables there are now. Raises `Invalid`.

    So a role that was named once can do its work after every later migration, too.
    """
    if role is not None:
        _expect_suitable(connection, role)
    schema = connection.scalar(text("SELECT current_schema()"))
    for name in sorted({*_applications(connection), *([role] if role is not None else [])}):
        quoted, within = _quoted(connection, name), _quoted(connection, schema)
        for statement in (
            f"GRANT USAGE ON SCHEMA {within} TO {quoted}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {within} TO {quoted}",
            f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {quoted}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {within} TO {quoted}",
        ):
            connection.exec_driver_sql(statement)


def _expect_suitable(connection: Connection, role: str) -> None:
    known = connection.scalar(text("SELECT count(*) FROM pg_roles WHERE rolname = :role"), {"role": role})
    if not known:
        raise Invalid("There is no such role: CREATE ROLE … LOGIN first.", field=_FIELD)
    if connection.scalar(IS_BYPASSED, {"role": role}):
        raise Invalid("The application's role must be neither a superuser nor BYPASSRLS.", field=_FIELD)
    if connection.scalar(text("SELECT pg_has_role(:role, current_user, 'MEMBER')"), {"role": role}):
        raise Invalid("The application's role must not be, or be a member of, the one that migrates.", field=_FIELD)


_GRANTED = """
SELECT DISTINCT pg_get_userbyid(granted.grantee)
FROM pg_class, aclexplode(relacl) AS granted
WHERE pg_class.oid = 'organizations'::regclass AND granted.privilege_type = 'INSERT'
AND granted.grantee NOT IN (0, pg_class.relowner) AND pg_has_role(pg_class.relowner, 'MEMBER')
"""


def _applications(connection: Connection) -> list[str]:
    """Who may add organisations, and does not own the table; nobody where that is not ours to grant."""
    return list(connection.execute(text(_GRANTED)).scalars())


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)
