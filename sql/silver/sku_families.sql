-- What a SKU's path tells of its service, in FOCUS's service categories; the first matching pattern holds.
-- grain: family_number
-- partition: none
-- stored: view
select families.*
from (
    values
    (1, '^/compute/(h100|l40s|l4|b300|render|gpu|mi3)', 'GPU Instances', 'Compute', 'Virtual Machines'),
    (2, '^/compute/', 'Instances', 'Compute', 'Virtual Machines'),
    (3, '^/baremetal/|^/elastic-metal/', 'Elastic Metal', 'Compute', 'Other (Compute)'),
    (4, '^/apple-silicon/', 'Apple silicon', 'Compute', 'Other (Compute)'),
    (5, '^/dedibox/', 'Dedibox', 'Compute', 'Other (Compute)'),
    (6, '^/k8s/', 'Kubernetes', 'Compute', 'Containers'),
    (7, '^/storage/block/snapshot|^/storage/snapshot', 'Snapshots', 'Storage', 'Block Storage'),
    (8, '^/storage/(block|local|b_ssd)|^/storage/sbs', 'Block Storage', 'Storage', 'Block Storage'),
    (9, '^/storage/obj/(bandwidth|.*bandwidth)', 'Object Storage', 'Storage', 'Object Storage'),
    (10, '^/storage/obj', 'Object Storage', 'Storage', 'Object Storage'),
    (11, '^/storage/rdb/', 'Managed Databases', 'Databases', 'Relational Databases'),
    (12, '^/storage/redis/', 'Managed Redis', 'Databases', 'Caching'),
    (13, '^/storage/mgdb/', 'Managed MongoDB', 'Databases', 'NoSQL Databases'),
    (14, '^/(storage/)?file', 'File Storage', 'Storage', 'File Storage'),
    (15, '^/network/loadbalancer', 'Load Balancers', 'Networking', 'Other (Networking)'),
    (16, '^/network/vpc/public-gateway', 'Public Gateways', 'Networking', 'Network Infrastructure'),
    (17, '^/network/edge-services', 'Edge Services', 'Networking', 'Content Delivery'),
    (18, '^/(ip|ipv6)/|^/network/flexip', 'Public IPs', 'Networking', 'Network Infrastructure'),
    (19, '^/network/', 'Network', 'Networking', 'Other (Networking)'),
    (20, '^/observability/', 'Cockpit', 'Management and Governance', 'Observability'),
    (
        21, '^/ai/inference_dedicated', 'Dedicated Inference', 'AI and Machine Learning',
        'Other (AI and Machine Learning)'
    ),
    (22, '^/ai/|generative', 'Generative APIs', 'AI and Machine Learning', 'Generative AI'),
    (23, '^/paas/(caas|containers)', 'Serverless Containers', 'Compute', 'Containers'),
    (24, '^/paas/(faas|functions)', 'Serverless Functions', 'Compute', 'Serverless Compute'),
    (25, '^/paas/(jobs|serverless_jobs)', 'Serverless Jobs', 'Compute', 'Serverless Compute'),
    (26, '^/paas/serverless_sqldb', 'Serverless SQL', 'Databases', 'Relational Databases'),
    (27, '^/paas/messaging', 'Messaging', 'Integration', 'Messaging'),
    (28, '^/paas/(secret_manager|key_manager)', 'Secrets and Keys', 'Security', 'Other (Security)'),
    (29, '^/tools/registry', 'Container Registry', 'Developer Tools', 'Other (Developer Tools)'),
    (30, '^/subscription/', 'Support', 'Other', 'Other (Other)'),
    (31, '^/billing/', 'Contract', 'Other', 'Other (Other)'),
    (32, '^/offer/', 'Free tier', 'Other', 'Other (Other)')
) as families (family_number, sku_pattern, service_name, service_category, service_subcategory)
