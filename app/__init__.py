"""Minglu (明路): from the list of villages to a lawful street name, a sign, its code and the page behind it.

The folders are the stations a record passes, in their order (see ``docs/architecture.md``). One word, one meaning,
the same in code, tables, pages and talk:

========== ============== ==================================================================================
word       Chinese        meaning
========== ============== ==================================================================================
division   政区           province, city, county, town, village or residents' committee; a node of the tree
village    行政村         a division of the lowest level whose committee is a 村民委员会
territory  管辖范围       a division and all below it: what a person is bound to
facility   设施           what puts a street in scope: committee, shop, clinic, school
segment    路段           a centreline between two junctions, as surveyed
street     街路巷         a run of segments that should bear one name
batch      批次           the villages to be named by a date
specific   专名           the part of a name that tells this street from others
generic    通名           the part that says what it is: 路, 街, 巷 …
latin      罗马字母拼写   the name in Hanyu Pinyin, by the 1984 rules
proposal   命名申请       a name asked for one street
finding    核查意见       one clause of the law speaking about one proposal
waiver     豁免           the answered reason why a finding does not stand in the way
decision   批复           the government's approval, never edited
filing     备案           reporting a decision to the next higher government
notice     公告           publishing an approved name
name       标准地名       words with a period of force; retired, never deleted
sign       地名标志       one physical object, for life
face       牌面           one printed side of a sign
post       立杆           what carries signs
code       编码           the opaque token in a sign's QR; never reused
order      制作订单       what a maker is asked to make
job        安装任务       a crew's work
installation 安装记录     proof that a sign stands
card       内容卡片       one piece of published content
scan       扫码           one opening of a sign's page
report     报错           what a reader of a sign tells us
progress   进度           a derived count, never stored
run        后台任务       one execution of long work, with its progress
act        操作           all that one person changed in one transaction; what undo undoes
========== ============== ==================================================================================

Suffixes carry units: ``_m _mm _deg``, ``_at`` an aware moment in UTC, ``_on`` a date in Asia/Shanghai. Bearings are
degrees clockwise from north. Coordinates are x, y = lon, lat in CGCS2000 (EPSG:4490).
"""
