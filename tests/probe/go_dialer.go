// Asks for a name, connects and prints what comes: all by Go's own code, without the C library.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	connection, err := net.Dial("tcp", os.Args[1])
	if err == nil {
		_, err = io.Copy(os.Stdout, connection)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
