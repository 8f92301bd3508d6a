package autosession

// match finds for each feature of a its position in b, or -1: by what it says,
// at its own place first, else by id. No position is given twice.
func match(a, b FeatureList) []int {
	at := make([]int, len(a.Features))
	taken := make([]bool, len(b.Features))
	rest := 0
	for i, f := range a.Features {
		at[i] = -1
		if i < len(b.Features) && f.hash() == b.Features[i].hash() {
			at[i], taken[i] = i, true
		} else {
			rest++
		}
	}
	if rest == 0 {
		return at
	}
	byID, byHash := map[string][]int{}, map[string][]int{}
	for j, f := range b.Features {
		if taken[j] {
			continue
		}
		if f.ID != "" {
			byID[f.ID] = append(byID[f.ID], j)
		}
		byHash[f.hash()] = append(byHash[f.hash()], j)
	}
	first := func(candidates []int) int {
		for _, j := range candidates {
			if !taken[j] {
				taken[j] = true
				return j
			}
		}
		return -1
	}
	for i, f := range a.Features {
		if at[i] < 0 {
			at[i] = first(byHash[f.hash()])
		}
	}
	for i, f := range a.Features {
		if at[i] < 0 && f.ID != "" {
			at[i] = first(byID[f.ID])
		}
	}
	return at
}

// unmatched lists the positions below n that are not in at.
func unmatched(at []int, n int) []int {
	seen := make([]bool, n)
	for _, j := range at {
		if j >= 0 {
			seen[j] = true
		}
	}
	var out []int
	for j, s := range seen {
		if !s {
			out = append(out, j)
		}
	}
	return out
}
