using System.CommandLine;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn explain</c>: the arithmetic of windows, of networks, and of what a trained network sees.</summary>
internal static class ExplainCommand
{
    public static Command Create(CommandHost host)
    {
        var target = new Argument<string?>("MODEL")
        {
            Description = "Name of a model; `gpucnn models` lists them. With --weights, an image file.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<Shape?> input = Options.Input;
        Option<int?> classes = Options.Whole("--classes", "Classes to tell apart. [default: the model's own]");
        Option<int?> batch = Options.Whole("--batch", "Images of a batch: for the memory of each layer [default: the model's recipe], "
            + $"or those that --occlusion computes together [default: {Model.PredictionBatch}].");
        Option<string?> figure = Options.Text("--figure", "FILE.svg", "Draw the network as a row of volumes to a file.");
        Option<bool> json = Options.Json;
        var weights = new ExplainWeights(batch);
        var command = new Command("explain",
            "Explains a model layer by layer, the windows of one convolution or pooling, or what a trained network sees in an image.")
        {
            target, input, classes, batch, figure, json, ExplainWindowsCommand.CreateConv(host), ExplainWindowsCommand.CreatePool(host),
        };
        foreach (Option option in weights.All) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            if (parsed.IsGiven(weights.Weights))
            {
                if (new Option[] { input, classes, figure, json }.FirstOrDefault(parsed.IsGiven) is { } other)
                    throw new UsageException($"{other.Name} is about models without weights; leave it out, or --weights.");
                return weights.Run(host, parsed, parsed.GetValue(target));
            }
            weights.CheckAbsent(parsed);
            string model = parsed.GetValue(target)
                ?? throw new UsageException("gpucnn explain expects a model, conv or pool. See gpucnn explain --help.");
            return ExplainModel.Run(host, new(model, parsed.GetValue(input), parsed.GetValue(classes), parsed.GetValue(batch),
                parsed.GetValue(figure), parsed.GetValue(json)));
        });
        return command;
    }
}
