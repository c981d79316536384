using System.CommandLine;
using GpuCnn.Cli.Training;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn train</c>: its options. <see cref="TrainingSession"/> does the work.</summary>
internal static class TrainCommand
{
    private const string FromRecipe = "[default: the model's recipe]";

    public static Command Create(CommandHost host)
    {
        Option<string?> model = Options.Model($"Model; `gpucnn models` lists them. [default: {TrainingSession.DefaultModel}]");
        Option<string?> data = Options.Text("--data", "PATH",
            $"Data set: class folders (as they are, or under train/ and val/), tar shards, Parquet or CSV files, MNIST/EMNIST IDX files, CIFAR. [default: the demo set, made in ./{TrainingSession.DemoFolder}]");
        Option<string?> validation = Options.Text("--val", "PATH", "Data set to validate on. [default: the data set's own; else 10 % of each class is held out]");
        Option<string?> weights = Options.Text("--weights", "FILE", "Weights to start from, of the same model; where their classes are others, the last layer starts anew. [default: drawn at random]");
        Option<string[]?> freeze = Options.Patterns("--freeze", "PATTERN", "Parameters to leave as they are, by path, as in 'conv1.*'; may be given several times. Running statistics go on.");
        Option<string?> output = Options.Text("--out", "DIR", "Folder of the run. [default: runs/MODEL-N, the next free number]");
        Option<string?> resume = Options.Text("--resume", "DIR", "Go on with the run in this folder, as if it had never stopped.");
        Option<string?> recipe = Options.Text("--recipe", "paper|default",
            "Settings that options do not give: the paper's, as far as they can be followed here, or the model's own for pictures in general. [default: default]", CheckRecipe);
        Option<int?> epochs = Options.Whole("--epochs", $"Times that every image is seen. {FromRecipe}");
        Option<int?> steps = Options.Whole("--steps", "End after so many steps, or after the epochs if they are fewer. [default: no limit]");
        Option<int?> batch = Options.Whole("--batch", $"Images of a step. {FromRecipe}");
        Option<float?> rate = Options.Real("--lr", $"Learning rate. {FromRecipe}", value => value > 0, "a number above 0");
        Option<float?> momentum = Options.Real("--momentum", $"Momentum. {FromRecipe}", value => value is >= 0 and < 1, "a number from 0 to below 1");
        Option<bool> nesterov = Options.Flag("--nesterov", "Nesterov's form of momentum.");
        Option<float?> decay = Options.Real("--weight-decay", $"Weight decay (L2). {FromRecipe}", value => value >= 0, "a number of 0 or more");
        Option<string?> loss = Options.Text("--loss", string.Join("|", Registry<Loss>.Names), $"What is minimised. {FromRecipe}", CheckLoss);
        Option<float?> smoothing = Options.Real("--label-smoothing", $"Share of the target spread over all classes. {FromRecipe}", value => value is >= 0 and < 1, "a number from 0 to below 1");
        Option<float?> mixup = Options.Mixup(FromRecipe), cutmix = Options.CutMix(FromRecipe);
        Option<string?> schedule = Options.Text("--schedule", "NAME", $"How the learning rate changes: {string.Join(", ", Registry<Schedule>.Names)}. {FromRecipe}", CheckSchedule);
        Option<float?> gamma = Options.Real("--gamma", "Factor of each drop of step, multistep and plateau. [default: 0.1]", value => value is > 0 and <= 1, "a number above 0, up to 1");
        Option<int?> stepEpochs = Options.Whole("--step-epochs", "Epochs between the drops of step. [default: 30]");
        Option<IReadOnlyList<int>?> milestones = Options.WholeNumbers("--milestones", "Epochs at which multistep drops.");
        Option<float?> power = Options.Real("--power", "Exponent of poly. [default: 1]", value => value > 0, "a number above 0");
        Option<int?> patience = Options.Whole("--patience", "Epochs without improvement before plateau drops. [default: 3]");
        Option<int?> warmup = Options.Whole("--warmup", $"Epochs in which the learning rate rises from 0. {FromRecipe}", minimum: 0);
        Option<ulong?> seed = Options.Seed("Fixes initial weights, order of images, augmentation and dropout. [default: 1]");
        Option<string?> augmentation = Options.Text("--augment", "NAMES", $"Random changes of training images: {string.Join(", ", Augmentation.Presets)}, or a list between commas of {Augmentation.Usage}. {FromRecipe}", CheckAugmentation);
        Option<string?> fit = Options.Fit(FromRecipe);
        Option<int?> resizeTo = Options.ResizeTo(FromRecipe);
        Option<int?> crop = Options.Crop("Side of the input, in place of --input.");
        Option<bool> noExif = Options.NoExif;
        var feed = new FeedArguments();
        Option<string?> badImages = Options.BadImages;
        Option<bool> excludeDuplicates = Options.Flag("--exclude-duplicates",
            "Leave out pictures that the data set has more than once, by their pixels: copies of validation images among the training images, further copies, and those of several classes.");
        Option<Shape?> input = Options.Input;
        Option<string?> device = Options.Device;
        Option<int?> threads = Options.Whole("--threads", "Threads of the cpu device; they change the time, not the result. [default: one a core]", maximum: 1024);
        Option<int?> saveEvery = Options.Whole("--save-every", "Steps between checkpoints. [default: one each epoch]");

        var command = new Command("train", "Trains a model. Without options it makes a demo data set and trains on that.")
        {
            model, data, validation, recipe, epochs, steps, batch, rate, momentum, nesterov, decay, schedule, gamma, stepEpochs, milestones, power, patience, warmup,
            loss, smoothing, mixup, cutmix, seed, augmentation, fit, resizeTo, crop, noExif, badImages, excludeDuplicates, input, weights,
                freeze, device, threads, output, resume, saveEvery,
        };
        foreach (Option option in feed.All) command.Options.Add(option);
        Option[] resumable = [resume, epochs, steps, device, threads, saveEvery, badImages, .. feed.All];
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(resume) != null && command.Options.Except(resumable).FirstOrDefault(parsed.IsGiven) is { } refused)
                throw new UsageException($"{refused.Name} cannot be changed by --resume, which takes it from the run's config.json; only {string.Join(", ", resumable.Skip(1).Select(option => option.Name))} can.");
            if (parsed.IsGiven(crop) && parsed.IsGiven(input)) throw new UsageException(
                "--crop and --input both say the input's size; leave one of them out.");
            return TrainingSession.Run(host, new TrainRequest
            {
                Model = parsed.GetValue(model),
                Data = parsed.GetValue(data),
                Validation = parsed.GetValue(validation),
                Weights = parsed.GetValue(weights),
                Freeze = parsed.GetValue(freeze) ?? [],
                Out = parsed.GetValue(output),
                Resume = parsed.GetValue(resume),
                Recipe = parsed.GetValue(recipe),
                Input = parsed.GetValue(input),
                Fit = Options.ParseFit(parsed.GetValue(fit)),
                Augmentation = parsed.GetValue(augmentation),
                ResizeTo = parsed.GetValue(resizeTo),
                Crop = parsed.GetValue(crop),
                IgnoresExif = parsed.GetValue(noExif),
                Feed = feed.Read(parsed),
                BadImages = Options.ParseBadImages(parsed.GetValue(badImages)),
                ExcludeDuplicates = parsed.GetValue(excludeDuplicates),
                Device = parsed.GetValue(device),
                Threads = parsed.GetValue(threads),
                Epochs = parsed.GetValue(epochs),
                Steps = parsed.GetValue(steps),
                SaveEvery = parsed.GetValue(saveEvery),
                Batch = parsed.GetValue(batch),
                LearningRate = parsed.GetValue(rate),
                Momentum = parsed.GetValue(momentum),
                Nesterov = parsed.GetValue(nesterov),
                WeightDecay = parsed.GetValue(decay),
                Loss = parsed.GetValue(loss),
                LabelSmoothing = parsed.GetValue(smoothing),
                Mixup = parsed.GetValue(mixup),
                CutMix = parsed.GetValue(cutmix),
                Seed = parsed.GetValue(seed),
                Schedule = parsed.GetValue(schedule),
                Gamma = parsed.GetValue(gamma),
                StepEpochs = parsed.GetValue(stepEpochs),
                Milestones = parsed.GetValue(milestones),
                Power = parsed.GetValue(power),
                Patience = parsed.GetValue(patience),
                Warmup = parsed.GetValue(warmup),
            });
        });
        return command;
    }

    private static void CheckSchedule(string name)
    {
        if (!Registry<Schedule>.Names.Contains(name)) throw new UsageException($"--schedule expects one of {string.Join(", ", Registry<Schedule>.Names)}, but got '{name}'.");
    }

    private static void CheckLoss(string name)
    {
        IReadOnlyList<string> names = Registry<Loss>.Names;
        if (!names.Contains(name)) throw new UsageException($"--loss expects {string.Join(" or ", names)}, but got '{name}'.");
    }

    private static void CheckRecipe(string name)
    {
        if (!Recipe.Names.Contains(name)) throw new UsageException($"--recipe expects {string.Join(" or ", Recipe.Names)}, but got '{name}'.");
    }

    private static void CheckAugmentation(string names) => Augmentation.Parse(names);
}
