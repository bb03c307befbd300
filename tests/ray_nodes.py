"""Two Ray nodes on loopback, run beside a test: `python -m tests.ray_nodes PORT` says READY, and obeys `kill` and its
end of input. No dashboard, nothing told to anybody, nothing but loopback listens."""

from __future__ import annotations

import os
import subprocess
import sys

os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # else Ray takes the machine's outward address for 127.0.0.1
}

from ray.cluster_utils import Cluster

_NODE = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "object_store_memory": 80_000_000}


def main(port: str) -> None:
    """Until its input ends."""
    cluster = Cluster(initialize_head=True, head_node_args={**_NODE, "include_dashboard": False})
    client = None
    try:
        second = cluster.add_node(**_NODE)
        words = ["--address", cluster.address, "--host", "127.0.0.1", "--port", port]
        client = subprocess.Popen([sys.executable, "-m", "ray.util.client.server", *words])
        print("READY", flush=True)
        for line in sys.stdin:
            if line.strip() == "kill":
                cluster.remove_node(second, allow_graceful=False)  # SIGKILL to the node and all it runs
                print("KILLED", flush=True)
    finally:
        if client:
            client.kill()
        cluster.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
