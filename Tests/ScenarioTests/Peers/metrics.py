"""Reads a text of Prometheus with prometheus_client, and prints its samples as one JSON object."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

samples = {}
for family in text_string_to_metric_families(open(sys.argv[1]).read()):
    if not family.documentation or family.type == "unknown":
        sys.exit(f"{family.name}: no help, or no type")
    for sample in family.samples:
        labels = ",".join(f"{name}={value}" for name, value in sample.labels.items())
        name = sample.name + ("{" + labels + "}" if labels else "")
        if name in samples:
            sys.exit(f"{name} is there twice")
        samples[name] = sample.value
print(json.dumps(samples))
