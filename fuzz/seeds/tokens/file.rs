pub Mnist = "specs/mnist.yaml"
