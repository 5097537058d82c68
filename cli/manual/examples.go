package manual

// An Example is a command line, and what it does in a few words.
type Example struct{ Does, Line string }

// Examples has those of each command, by its name. TestExamplesRun in package cli runs the examples of a command in
// their order, in a folder with the files that it prepares.
var Examples = map[string][]Example{
	"gtx": {
		{"Turn summer to winter, beside each photograph", "gtx translate --to winter photos/"},
		{"As a filter, with the results in a folder", "find photos -name '*.jpg' | gtx translate --to winter -o out"},
		{"See whether gtx has all that it needs", "gtx doctor"},
	},
	"gtx translate": {
		{"Write life.winter.jpg beside life.jpg", "gtx translate --to winter life.jpg"},
		{"Write the same tree below snow/", "gtx translate --to winter -o snow photos/"},
		{"Make half of the change, in AVIF", "gtx translate --to winter --strength 0.5 --format avif -o half life.jpg"},
		{"Translate one image in a pipe", "gtx translate --to winter - <life.jpg >winter.jpg"},
		{"Keep a report, which later runs continue", "gtx translate --to winter --report run.jsonl -o out photos/"},
		{"Read and print paths that end with NUL, so that any name works", "find photos -name '*.jpg' -print0 | gtx translate -0 --print0 --to summer -o summer | xargs -0 ls"},
		{"Go on if a few fail, and list them to try again", "gtx translate --to winter --max-failed 1% --failed again -o out photos/"},
		{"Translate a WebDataset tar into another", "tar c photos | gtx translate --tar --to winter >snow.tar"},
		{"See what would be done", "gtx translate --to winter --dry-run photos/"},
	},
	"gtx classify": {
		{"Print the season of each photograph", "gtx classify photos/"},
		{"List the photographs that show winter", "gtx classify photos/ | awk -F '\\t' '$2 == \"winter\" { print $1 }'"},
	},
	"gtx generate": {
		{"Draw four images from noise", "gtx generate --model noise.onnx --to church --count 4 -o drawn"},
		{"Draw others, as JPEG", "gtx generate --model noise.onnx --to church --seed 7 --format jpg -o drawn"},
	},
	"gtx check": {
		{"Score every image of a folder", "gtx check photos/"},
		{"Compare results with their sources, and fail if any shows a pattern", "gtx translate -q --to winter -o snow photos/ && gtx check --against photos --fail snow/"},
	},
	"gtx report": {
		{"Say what failed, and how to repeat it", "gtx translate -q --to winter -o winter --report run.jsonl photos && gtx report run.jsonl"},
		{"Write a page with pictures before and after", "gtx report --html run.html run.jsonl"},
		{"Merge the reports of a plan", "gtx plan -q -o plan photos && gtx translate -q --plan plan --shard 0 --to winter -o snow && gtx report plan/done/*.jsonl"},
	},
	"gtx plan": {
		{"Divide a list among tasks, two images each", "find photos -name '*.jpg' -print0 | gtx plan -0 --per-shard 2 -o plan"},
		{"Do its first shard", "gtx translate --plan plan --shard 0 --to winter -o winter"},
	},
	"gtx plan status": {
		{"See how far the tasks have come", "gtx plan -q -o plan photos && gtx plan status plan"},
	},
	"gtx plan todo": {
		{"Give Slurm the shards that are left", "gtx plan -q -o plan photos && echo sbatch --array=\"$(gtx plan todo plan)\" winter.sbatch"},
	},
	"gtx bench": {
		{"Measure with photographs of your own", "gtx bench life.jpg"},
	},
	"gtx models": {
		{"List the models", "gtx models list"},
	},
	"gtx models list": {
		{"List the models that gtx finds by name", "gtx models list"},
	},
	"gtx models show": {
		{"Show the built-in model", "gtx models show seasons"},
	},
	"gtx models add": {
		{"See the manifest that gtx proposes", "gtx models add --dry-run foreign.onnx"},
		{"Install the network under a name", "gtx models add --name frost --to frost foreign.onnx"},
	},
	"gtx models verify": {
		{"Verify every model", "gtx models verify"},
		{"Verify one, computed in 32 bits", "gtx models verify --precision f32 seasons"},
	},
	"gtx models lint": {
		{"Look at each upsampling layer", "gtx models lint seasons"},
		{"Fail if the network prints checkerboards", "gtx models lint --fail seasons"},
	},
	"gtx models repair": {
		{"Write a copy that prints no checkerboards", "gtx models repair faulty.onnx repaired.onnx"},
	},
	"gtx doctor": {
		{"List libraries, devices, formats and models", "gtx doctor"},
	},
	"gtx completion": {
		{"Complete in this shell, if it is bash", "source <(gtx completion bash)"},
		{"Complete in every zsh, if run in a folder of $fpath", "gtx completion zsh >_gtx"},
		{"Complete in every fish", "mkdir -p ~/.config/fish/completions && gtx completion fish >~/.config/fish/completions/gtx.fish"},
	},
	"gtx man": {
		{"Read about a command", "gtx man translate"},
		{"Write every page into a folder", "gtx man --out man1"},
	},
}
