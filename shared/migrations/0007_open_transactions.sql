-- How many transactions of this database hold back its cleanup, and for how many seconds the oldest of them has been
-- open. A role sees only its own sessions; the owner of this function sees all, and tells no more than these figures.
CREATE FUNCTION open_transactions() RETURNS TABLE (count bigint, oldest double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*), coalesce(max(extract(epoch FROM clock_timestamp() - begun))::float8, 0)
    FROM (
        SELECT xact_start AS begun FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker'
          AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
        UNION ALL
        SELECT prepared FROM pg_prepared_xacts WHERE database = current_database()
    ) open
$$;
REVOKE EXECUTE ON FUNCTION open_transactions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION open_transactions TO {service}_worker;
ALTER FUNCTION open_transactions OWNER TO {service}_stats;
