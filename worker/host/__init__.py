"""The processes of one worker host: started, restarted, ended; and the Redis brought along.

`processes.py` names the Celery processes by queue, `supervisor.py` keeps them running,
`embedded_redis.py` is for hosts without a broker of their own. What the processes do is in the
other rooms of the worker; a training's own process is in `../training/supervise.py`.
"""
