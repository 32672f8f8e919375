"""DynamicFrame's transforms of records with thousands of fields, against a bare select of as many casts."""

import json
from collections.abc import Iterator

from bench.bench import Bench
from bench.row import Quantity, Row, at_most
from bench.server import Session

COLUMNS = 2000
BUDGET = Quantity(3, "s")
CODE = f"""
import json, statistics, time
from awsglue.dynamicframe import DynamicFrame
names = [f"c{{number}}" for number in range({COLUMNS})]
wide = spark.range(3).selectExpr(*[f"cast(id as string) as {{name}}" for name in names])
frame = DynamicFrame.fromDF(wide, glueContext)
maps = [(name, "string", f"d_{{name}}", "int" if int(name[1:]) % 2 else "string") for name in names]
wanted = {{
    "apply_mapping": lambda: frame.apply_mapping(maps),
    "apply_mapping into a struct": lambda: frame.apply_mapping([(a, b, f"s.{{c}}", d) for a, b, c, d in maps]),
    "resolveChoice": lambda: frame.resolveChoice(specs=[(name, "cast:int") for name in names]),
    "drop_fields": lambda: frame.drop_fields(names[::2]),
    "select_fields": lambda: frame.select_fields(names[::2]),
    "rename_field": lambda: frame.rename_field("c1", "renamed"),
    "union": lambda: frame.union(frame),
    "bare": lambda: wide.selectExpr(*[f"cast({{name}} as int) as d_{{name}}" for name in names]).schema,
}}
taken = {{}}
for name, make in wanted.items():
    times = []
    for number in range(4):
        began = time.perf_counter()
        make()
        times.append(time.perf_counter() - began)
    taken[name] = statistics.median(times[1:])
print(json.dumps(taken))
"""


def measure(bench: Bench) -> Iterator[Row]:
    session = Session(bench.server(), "frames")
    session.start()
    taken = json.loads(session.run(CODE))
    session.stop()
    bare = Quantity(taken.pop("bare"), "s")
    for name, seconds in taken.items():
        yield at_most(f"{name}, {COLUMNS:,} columns", BUDGET, Quantity(seconds, "s"), f"a bare select takes {bare}")
