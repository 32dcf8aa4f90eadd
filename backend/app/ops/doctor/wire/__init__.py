"""PostgreSQL's and Redis' protocols, spoken with sockets: as much of them as tells why a connection fails.

Each module here stands alone, because its source is also sent into a container and run there.
"""
