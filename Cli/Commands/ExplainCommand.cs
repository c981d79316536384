using System.CommandLine;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn explain</c>: the arithmetic of windows, and of networks.</summary>
internal static class ExplainCommand
{
    public static Command Create(CommandHost host)
    {
        var target = new Argument<string?>("MODEL")
        {
            Description = "Name of a model; `gpucnn models` lists them.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<Shape?> input = Options.Input;
        Option<int?> classes = Options.Whole("--classes", "Classes to tell apart. [default: the model's own]");
        Option<int?> batch = Options.Whole("--batch", "Images of a batch, for the memory of each layer. [default: the model's recipe]");
        Option<string?> figure = Options.Text("--figure", "FILE.svg", "Draw the network as a row of volumes to a file.");
        Option<bool> json = Options.Json;
        var command = new Command("explain", "Explains a model layer by layer, or the windows of one convolution or pooling.")
        {
            target, input, classes, batch, figure, json, ExplainWindowsCommand.CreateConv(host), ExplainWindowsCommand.CreatePool(host),
        };
        command.SetAction(parsed =>
        {
            string model = parsed.GetValue(target)
                ?? throw new UsageException("gpucnn explain expects a model, conv or pool. See gpucnn explain --help.");
            return ExplainModel.Run(host, new(model, parsed.GetValue(input), parsed.GetValue(classes), parsed.GetValue(batch),
                parsed.GetValue(figure), parsed.GetValue(json)));
        });
        return command;
    }
}
