/// What a command writes to.
package enum OutputStream: String, Sendable { case stdout, stderr }
