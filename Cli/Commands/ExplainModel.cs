using System.Globalization;
using GpuCnn.Cli.Output;
using GpuCnn.Engine;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Explanations;
using GpuCnn.Models;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary>What is asked of <c>gpucnn explain MODEL</c>; null stands for the model's own.</summary>
internal sealed record ExplainModelRequest(string Model, Shape? Input, int? Classes, int? Batch, string? Figure, bool Json);

/// <summary><c>gpucnn explain MODEL</c></summary>
internal static class ExplainModel
{
    private static readonly string[] WindowCommands = ["conv", "pool"];

    public static int Run(CommandHost host, ExplainModelRequest request)
    {
        Architecture architecture = Find(request.Model);
        Network network = UsageException.Guard(() => architecture.Build(request.Input, request.Classes));
        var explanation = new NetworkExplanation(network, request.Batch ?? architecture.Recipe.Settings.Batch);
        if (request.Figure is { } file) VolumeFigure.Of(network).Save(file);
        if (request.Json) host.Output.WriteLine(Json.Of(ExplainModelReport.Of(explanation)));
        else WriteText(host.Output, architecture, explanation);
        if (request is { Json: false, Figure: { } drawn }) host.Output.WriteLine($"\nFigure: {ShownPath.Of(drawn)}");
        return Program.Done;
    }

    /// <summary>Finds a model. A name that resembles a command is more likely that one, misspelt.</summary>
    private static Architecture Find(string name)
    {
        try
        {
            return Architecture.Find(name);
        }
        catch (UnknownModelException exception)
        {
            string[] near = [.. WindowCommands.Where(command => name.StartsWith(command, StringComparison.OrdinalIgnoreCase)
                || NearNames.Of(name, [command]).Count > 0)];
            throw File.Exists(name)
                ? new UsageException($"'{name}' is a file, and no model; --weights FILE explains what a network with these weights sees "
                    + "in an image.")
                : near.Length == 0 ? new UsageException(exception)
                : new UsageException($"There is no model '{name}'; did you mean gpucnn explain {string.Join(" or ", near)}?");
        }
    }

    private static void WriteText(TextWriter output, Architecture architecture, NetworkExplanation explanation)
    {
        SummaryCommand.WriteText(output, architecture, explanation.Network,
            new(explanation.Images, TrainingMemory.Cpu, default, explanation.TrainingBytes));
        WriteLayers(output, explanation);
        WriteReplaced(output, explanation);
        WriteComparisons(output, explanation.Stacks, "Stacked filters, beside one that reads the same pixels (weights without biases):");
        if (explanation.Stacks.Count > 0)
            LineWrap.Write(output, "With C channels in and out, two 3x3 have 18 C^2 weights and one 5x5 has 25 C^2, three 3x3 have 27 C^2 "
                + "and one 7x7 has 49 C^2. Less is saved, or nothing, where the first filter makes many channels of few, or where maps "
                + "shrink. A stack also has an activation after each filter.");
        WriteComparisons(output, explanation.Reductions,
            "1x1 convolutions, beside filters over the full depth (weights without biases):");
    }

    private static void WriteLayers(TextWriter output, NetworkExplanation explanation)
    {
        // Two tables, so that each fits a terminal of 80 characters.
        output.WriteLine();
        LineWrap.Write(output, "Receptive fields in pixels of the input, and shares of the whole:");
        var fields = new TextTable("layer", "type", ">field", ">jump", ">first centre", ">parameters", ">multiply-adds");
        var memory = new TextTable("layer", ">activations", ">gradients", ">scratch");
        foreach (LayerExplanation layer in explanation.Layers.Where(IsShown))
        {
            (FieldAxis rows, FieldAxis columns) = layer.Field;
            bool isMap = !layer.Node.Output.Shape.IsVector;
            fields.Add(layer.Node.Path, layer.Node.Operator.Type, Pair($"{rows.Size}", $"{columns.Size}"),
                isMap ? Pair($"{rows.Jump}", $"{columns.Jump}") : "-", isMap ? Pair(Decimal(rows.Start), Decimal(columns.Start)) : "-",
                Share(layer.ParameterShare), Share(layer.MultiplyAddShare));
            memory.Add(layer.Node.Path, Bytes(layer.Memory?.Activations), Bytes(layer.Memory?.Gradients), Bytes(layer.Memory?.Scratch));
        }
        fields.Write(output);
        LineWrap.Write(output, "Fields count padding, and the centre of the input's first pixel is 0.5. Activations and norms that are not "
            + "listed are computed within the layer before them.");
        foreach (EqualConvolution equal in explanation.EqualConvolutions)
            LineWrap.Write(output, $"{equal.Layer.Path} equals a convolution of its {equal.Input} input with "
                + $"{Words.Number(equal.Filters)} filters of {equal.Input.Height}x{equal.Input.Width} and no padding.");

        output.WriteLine();
        LineWrap.Write(output, $"Memory of a training step of {explanation.Images} images on cpu:");
        memory.Write(output);
        LineWrap.Write(output, $"Buffers that do not live at the same time share memory: the arena of all has "
            + $"{Words.Bytes(explanation.ArenaBytes)}.");
    }

    private static void WriteReplaced(TextWriter output, NetworkExplanation explanation)
    {
        if (explanation.Replaced.Count == 0) return;
        output.WriteLine();
        LineWrap.Write(output, "Parameters of each convolution, whose filters share their weights; unshared, if each output value had "
            + "weights of its own; and of the fully connected layer between the same volumes:");
        var table = new TextTable("layer", "input", "output", ">shared", ">unshared", ">connected", ">times");
        foreach (var group in explanation.Replaced.GroupBy(row => (row.Layer.InputShapes[0], row.Layer.Output.Shape, row.Shared)))
        {
            ReplacedConnections first = group.First();
            table.Add(Named(first.Layer.Path, group.Count()), $"{first.Layer.InputShapes[0]}", $"{first.Layer.Output.Shape}",
                Words.Number(first.Shared), Words.Rounded(first.Unshared), Words.Rounded(first.Connected),
                Words.Number(first.Connected / first.Shared));
        }
        table.Write(output);
    }

    private static void WriteComparisons(TextWriter output, IReadOnlyList<FilterComparison> comparisons, string heading)
    {
        if (comparisons.Count == 0) return;
        output.WriteLine();
        LineWrap.Write(output, heading);
        var table = new TextTable("from", "built", "instead", ">weights", ">instead", ">saved", ">multiply-adds", ">instead", ">saved");
        foreach (var group in comparisons.GroupBy(row => (row.Built, row.Instead, row.Weights, row.MultiplyAdds, row.InsteadWeights)))
        {
            FilterComparison row = group.First();
            Add(Named(row.Layers[0].Path, group.Count()), row.Built, row.Instead, row.Weights, row.InsteadWeights, row.MultiplyAdds,
                row.InsteadMultiplyAdds);
        }
        if (comparisons.Count > 1)
            Add("all", "", "", comparisons.Sum(row => row.Weights), comparisons.Sum(row => row.InsteadWeights),
                comparisons.Sum(row => row.MultiplyAdds), comparisons.Sum(row => row.InsteadMultiplyAdds));
        table.Write(output);

        void Add(string name, string built, string instead, long weights, long insteadWeights, long products, long insteadProducts) =>
            table.Add(name, built, instead, Words.Number(weights), Words.Number(insteadWeights), Saved(weights, insteadWeights),
                Words.Rounded(products), Words.Rounded(insteadProducts), Saved(products, insteadProducts));
    }

    /// <summary>Layers that compute. Views only pass values on, and what is fused is a part of the layer before.</summary>
    private static bool IsShown(LayerExplanation layer) => layer.Memory is not null || layer.Parameters > 0;

    private static string Named(string path, int count) => count == 1 ? path : $"{path} and {count - 1} more";

    private static string Saved(long built, long instead) => Words.Percent(1 - (double)built / instead);

    private static string Pair(string rows, string columns) => rows == columns ? rows : $"{rows}x{columns}";

    private static string Decimal(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    private static string Share(double share) => share == 0 ? "-" : Words.Percent(share);

    private static string Bytes(long? bytes) => bytes is null or 0 ? "-" : Words.Bytes(bytes.Value);
}
