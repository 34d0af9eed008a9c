"""Which villages lie where a street is drawn, whosever they are: what lies in another's territory is not drawn here."""

from alembic import op

revision = "2026_11_22_zr_draw"
down_revision = "2026_11_22_zu_renamed"

VILLAGES = """
-- For each place the villages whose outline holds it, and the eight nearest others within far_m metres of their points.
CREATE FUNCTION inventory.villages_at(places geometry[], far_m double precision)
RETURNS TABLE (n bigint, division_id bigint, path ltree, holds boolean, away_m double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT x.n, d.id, d.path, d.holds, ST_Distance(coalesce(d.point, x.place)::geography, x.place::geography)
    FROM unnest(places) WITH ORDINALITY x(place, n)
   CROSS JOIN LATERAL (
      (SELECT v.id, v.path, v.point, true AS holds FROM base.division v
        WHERE v.outline && x.place AND ST_Covers(v.outline, x.place) AND v.kind IN ('village', 'residents')
          AND v.until_on IS NULL)
      UNION ALL
      (SELECT v.id, v.path, v.point, false FROM base.division v
        WHERE v.point && ST_Expand(x.place, far_m / (111000 * cos(radians(ST_Y(x.place)))), far_m / 110000)
          AND ST_Distance(v.point::geography, x.place::geography) <= far_m
          AND v.kind IN ('village', 'residents') AND v.until_on IS NULL
        ORDER BY v.point <-> x.place LIMIT 8)) d
   ORDER BY x.n, d.holds DESC, 5, d.id
$$;
GRANT EXECUTE ON FUNCTION inventory.villages_at(geometry[], double precision) TO minglu_office;
"""


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(VILLAGES)


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute(
        "DROP FUNCTION inventory.villages_at(geometry[], double precision)"
    )
