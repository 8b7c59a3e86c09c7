"""Let the JVM read the host's files, open its sockets and run its programs, since it is not Python.

Lab: engine
Verdict: wrong
Promise: services
Naive: not-tried
Seconds: 60
"""

loot = []
jvm = spark._jvm
for path in ("@ROOT@/public.txt", "@COURSE@/bank/keys/quiz-1.yaml", "/proc/1/environ"):
    try:
        loot.append(spark.read.text(f"file://{path}").collect())
    except Exception as error:
        loot.append(type(error).__name__)
try:
    jvm.java.net.Socket("127.0.0.1", int("@PORT@")).close()
    loot.append("connected")
except Exception as error:
    loot.append(type(error).__name__)
try:
    jvm.java.lang.Runtime.getRuntime().exec("touch @ROOT@/drop/by-java")
except Exception as error:
    loot.append(type(error).__name__)
print(loot)


def total():
    """What was found."""
    return repr(loot)
