# Listens on a Unix socket, and says a byte to each who comes.
import socket, sys

s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
while True:
    s.accept()[0].send(b"x")
