-- The spellings of an environment and the one word used for each.
-- grain: spelling
-- partition: none
-- stored: view
select spellings.*
from (
    values
    ('prod', 'prod'), ('production', 'prod'), ('prd', 'prod'),
    ('staging', 'staging'), ('stage', 'staging'), ('preprod', 'staging'),
    ('dev', 'dev'), ('development', 'dev'), ('develop', 'dev'), ('test', 'dev'),
    ('sandbox', 'sandbox'), ('sbx', 'sandbox'),
    ('shared', 'shared')
) as spellings (spelling, environment)
