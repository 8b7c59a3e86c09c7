print("a lab of another course")
