package config_test

import (
	"fmt"
	"log"
	"os"

	"github.com/autosession/autosession/config"
)

func ExampleLoad() {
	dir, err := os.MkdirTemp("", "project")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := "max_cost = 5\nverify = 'make test'\n"
	if err := os.WriteFile(dir+"/"+config.FileName, []byte(file), 0o644); err != nil {
		log.Fatal(err)
	}

	c, err := config.Load(config.Sources{Dir: dir, Environ: []string{"AUTOSESSION_MAX_TURNS=200"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Model, c.MaxTurns, c.RunMax.CostUSD)
	for _, i := range c.Ignored {
		fmt.Printf("%s = %s is ignored: %s\n", i.Name, i.Value, i.Reason)
	}
	// Output:
	// claude-sonnet-4-5-20250929 200 5
	// verify = "make test" is ignored: it runs or permits something; it counts after `autosession trust`
}

func ExampleError() {
	_, err := config.Load(config.Sources{Dir: "/nowhere", Environ: []string{"AUTOSESSION_MODLE=x", "AUTOSESSION_GRACE=soon"}})
	fmt.Println(err)
	// Output:
	// cannot use the configuration: 2 problems
	//   environment: AUTOSESSION_MODLE: is no setting; did you mean AUTOSESSION_MODEL?
	//   environment: AUTOSESSION_GRACE = soon: must be a duration; write a duration such as 90s or 1h30m, or a number of seconds
}
