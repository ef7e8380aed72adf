-- Scaleway's units of measure in FOCUS's spelling.
-- grain: unit
-- partition: none
-- stored: view
select units.*
from (
    values
    ('hour', 'Hours'), ('minute', 'Minutes'), ('second', 'Seconds'), ('day', 'Days'), ('month', 'Months'),
    ('year', 'Years'), ('gigabyte', 'GB'), ('gigabyte_hour', 'GB-Hours'), ('gigabyte_minute', 'GB-Minutes'),
    ('gigabyte_day', 'GB-Days'), ('gigabyte_month', 'GB-Months'), ('gb_s', 'GB-Seconds'), ('vcpu_s', 'vCPU-Seconds'),
    ('mvcpu', 'mvCPU'), ('node', 'Nodes'), ('node_minute', 'Node-Minutes'), ('request', 'Requests'),
    ('token', 'Tokens'), ('sample', 'Samples'), ('sample_day', 'Sample-Days'), ('query', 'Queries'), ('ip', 'IPs'),
    ('ip_minute', 'IP-Minutes'), ('session', 'Sessions'), ('email', 'Emails'), ('plan', 'Plans'), ('core', 'Cores'),
    ('version', 'Versions'), ('key', 'Keys'), ('device', 'Devices'), ('domain', 'Domains'), ('chunk', 'Chunks'),
    ('setup', 'Setups'), ('iops_gigabyte', 'IOPS GB'), ('currency', 'Currency')
) as units (unit, focus_unit)
