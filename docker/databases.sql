-- Run once, when the database server starts on an empty volume: Label Studio has a user of its own,
-- which sees its own tables alone.
\getenv password LABEL_STUDIO_DB_PASSWORD
CREATE ROLE labelstudio LOGIN PASSWORD :'password';
CREATE DATABASE labelstudio OWNER labelstudio;
REVOKE CONNECT ON DATABASE labelstudio FROM PUBLIC;
REVOKE CONNECT ON DATABASE hemline FROM PUBLIC;
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
