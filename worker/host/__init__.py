"""The processes of one worker host: started, restarted, ended; and the Redis brought along."""
