"""Halt the JVM that runs Spark, and with it every lab that would share it.

Lab: engine
Verdict: student-error
Naive: not-tried
Seconds: 60
"""

spark._jvm.java.lang.Runtime.getRuntime().halt(0)
