"""Make Snakemake's graph of rules readable: the rules of all cohorts become one, and `all`, to which everything leads, goes.

snakemake --rulegraph dot | python docs/rulegraph.py | tred | dot -Tsvg > docs/rulegraph.svg
"""

import re
import sys

COHORT = re.compile(r"^(teach|ask|score|source|generate|translate)_(?!quality).*")  # their rules bear names of the config
GROUPS = {"teach": "#fde0c5", "ask": "#fde0c5", "score": "#fde0c5", "figure": "#d4e6f1"}

text = sys.stdin.read()
rules = {number: COHORT.sub(r"\1", name) for number, name in re.findall(r"(\d+)\[label = \"([^\"\\]+)", text)}
edges = {(rules[a], rules[b]) for a, b in re.findall(r"(\d+) -> (\d+)", text)}
print('digraph { rankdir=LR; ranksep=0.4; nodesep=0.12; node [shape=box, style="rounded,filled", fontname="sans", fontsize=11];')
for name in sorted(set(rules.values()) - {"all"}):
    colour = GROUPS.get(name.partition("_")[0], "#f2f2f2")
    print(f'  {name} [label="{name.replace("_", " ")}", fillcolor="{colour}"];')
for a, b in sorted(edges):
    if a != b and b != "all":
        print(f"  {a} -> {b};")
print("}")
