package filelock

// Descriptor is the lock's own.
func (l *Lock) Descriptor() int { return int(l.file.Fd()) }
