"""The database: the embedded cluster, connections, migrations."""
