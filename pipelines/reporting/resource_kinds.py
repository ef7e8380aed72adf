"""Scaleway's own words for the kinds of resources, which the API writes in short."""

from collections.abc import Mapping
from typing import Final

from pipelines.reporting.display import sentence_case

_WORDS: Final[Mapping[str, str]] = {
    "apple_silicon_server": "Apple silicon server",
    "baremetal_server": "Elastic Metal server",
    "block_snapshot": "Block snapshot",
    "cockpit_data_source": "Cockpit data source",
    "containers_container": "Serverless Container",
    "containers_namespace": "Serverless Containers namespace",
    "flexible_ip_flexible_ip": "Flexible IP",
    "functions_function": "Serverless Function",
    "functions_namespace": "Serverless Functions namespace",
    "inference_deployment": "Dedicated Inference",
    "instance_ip": "Instance IP",
    "instance_server": "Instance",
    "ipam_ip": "Private IP",
    "k8s_cluster": "Kubernetes cluster",
    "k8s_node": "Kubernetes node",
    "k8s_pool": "Kubernetes pool",
    "lb_backend": "Load Balancer's backend",
    "lb_ip": "Load Balancer's IP",
    "lb_lb": "Load Balancer",
    "mongodb_instance": "Managed MongoDB",
    "mongodb_snapshot": "MongoDB snapshot",
    "object_storage_bucket": "Bucket",
    "rdb_database_backup": "Database backup",
    "rdb_instance": "Managed Database",
    "redis_cluster": "Managed Redis",
    "registry_image": "Registry image",
    "registry_namespace": "Registry namespace",
    "registry_tag": "Registry tag",
    "secret_manager_secret": "Secret",
    "serverless_jobs_job_definition": "Serverless Job",
    "serverless_jobs_job_run": "Run of a Serverless Job",
    "serverless_sqldb_database": "Serverless SQL Database",
    "vpc_gw_gateway": "Public Gateway",
    "vpc_gw_ip": "Public Gateway's IP",
    "vpc_private_network": "Private Network",
    "vpc_vpc": "VPC",
}


def kind_words(resource_type: str | None) -> str:
    """What a person calls it; the API's own word where it is a new one, and nothing where none is known."""
    return _WORDS.get(resource_type or "") or sentence_case((resource_type or "").replace("_", " "))
