using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Explanations;
using GpuCnn.Models;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn summary MODEL</c></summary>
internal static class SummaryCommand
{
    public static Command Create(CommandHost host)
    {
        Argument<string> model = Options.ModelArgument;
        Option<Shape?> input = Options.Input;
        Option<int?> classes = Options.Whole("--classes", "Classes to tell apart. [default: the model's own]");
        Option<int?> batch = Options.Whole("--batch", "Images of a batch, for the memory that training needs. "
            + "[default: the model's recipe]");
        Option<string?> device = Options.Text("--device", "D", "Device that the memory is of; debug counts as GPUs do, where there is "
            + "none. [default: cpu; debug for tf32 and bf16]", DeviceCatalog.Check);
        Option<Precision?> precision = Options.Precision("What the memory is for.");
        Option<string?> graph = Options.Text("--graph", "FILE.svg", "Draw the graph, with its branches and shortcuts, to a file.");
        Option<bool> json = Options.Json;
        var command = new Command("summary", "Shows every layer of a model: volumes, filters, weights, biases, multiply-adds.") { model,
            input, classes, batch, device, precision, graph, json };
        command.SetAction(parsed =>
        {
            Architecture architecture = Architecture.Find(parsed.GetValue(model)!);
            Network network = UsageException.Guard(() => architecture.Build(parsed.GetValue(input), parsed.GetValue(classes)));
            int images = parsed.GetValue(batch) ?? architecture.Recipe.Settings.Batch;
            var memory = TrainingMemory.Of(network, parsed.GetValue(device), parsed.GetValue(precision) ?? default, images);
            string? file = parsed.GetValue(graph);
            if (file is not null) GraphFigure.Of(network).Save(file);
            if (parsed.GetValue(json)) host.Output.WriteLine(Json.Of(ToReport(network, memory)));
            else WriteText(host.Output, architecture, network, memory);
            if (file is not null && !parsed.GetValue(json)) host.Output.WriteLine($"Graph           {ShownPath.Of(file)}");
            return Program.Done;
        });
        return command;
    }

    private static Report ToReport(Network network, TrainingMemory memory) => new(
        network.Name, network.Input.Dimensions, network.Output.Shape.Count, network.WeightCount, network.BiasCount, network.ParameterCount,
        network.MultiplyAdds, memory.Bytes,
        Rows(network.Graph.Nodes.Where(node => !network.HeadNodes.Contains(node))),
        network.ParameterCountWithHeads, Rows(network.Graph.Nodes.Where(network.HeadNodes.Contains)),
        memory.Images, memory.Device, memory.Precision);

    private static IReadOnlyList<LayerRow> Rows(IEnumerable<Node> nodes) =>
    [
        .. nodes.Select(node => new LayerRow(
            node.Path, node.Operator.Type, node.InputShapes[0].Dimensions, node.Output.Shape.Dimensions,
            Count(node, ParameterRole.Weight), Count(node, ParameterRole.Bias), node.MultiplyAdds)),
    ];

    /// <summary>Writes the table of layers, the formulas and the sums.</summary>
    public static void WriteText(TextWriter output, Architecture architecture, Network network, TrainingMemory memory)
    {
        LineWrap.Write(output, $"{network.Name} ({architecture.Year}): {architecture.Summary}");
        LineWrap.Write(output, $"{architecture.Source}{(architecture.Link.Length == 0 ? "" : $", {architecture.Link}")}");
        output.WriteLine();
        var table = new TextTable("layer", "type", "input", "output", "filters", ">weights", ">biases", ">multiply-adds");
        foreach (Node node in network.Graph.Nodes.Where(node => !network.HeadNodes.Contains(node))) Add(table, node);
        table.Add("total", "", $"{network.Input}", $"{network.Output.Shape}", "", Words.Number(network.WeightCount),
            Words.Number(network.BiasCount), Words.Number(network.MultiplyAdds));
        foreach (Node node in network.Graph.Nodes.Where(network.HeadNodes.Contains)) Add(table, node);
        table.Write(output);
        if (network.HeadNodes.Count > 0) LineWrap.Write(output, "Below the total: heads that only training has.");

        var formulas = network.Graph.Nodes.Select(Formula).OfType<string>().ToList();
        if (formulas.Count > 0) output.WriteLine();
        if (formulas.Count > 0) LineWrap.Write(output, "Output size = floor((input - filter + 2*padding) / stride) + 1");
        foreach (string formula in formulas) LineWrap.Write(output, $"  {formula}");

        long connected = network.Graph.Nodes.Where(node => node.Operator is Linear && !network.HeadNodes.Contains(node))
            .Sum(node => node.Parameters.Sum(parameter => (long)parameter.Spec.Count));
        output.WriteLine();
        LineWrap.Write(output, $"Parameters      {Words.Number(network.ParameterCount)} = {Words.Number(network.WeightCount)} weights + "
            + $"{Words.Number(network.BiasCount)} biases");
        if (network.HeadNodes.Count > 0) output.WriteLine($"With heads      {Words.Number(network.ParameterCountWithHeads)}");
        if (network.ParameterCount > 0)
            LineWrap.Write(output, $"Fully connected {Words.Percent((double)connected / network.ParameterCount)} of the parameters");
        LineWrap.Write(output, $"Multiply-adds   {Words.Number(network.MultiplyAdds)} an image, forward");
        LineWrap.Write(output, $"Training memory {Words.Bytes(memory.Bytes)} in batches of {memory.Images} on {memory.Where}");
    }

    private static void Add(TextTable table, Node node) => table.Add(
        node.Path, node.Operator.Type, string.Join(" + ", node.InputShapes), $"{node.Output.Shape}", Filters(node.Operator),
        Some(Count(node, ParameterRole.Weight)), Some(Count(node, ParameterRole.Bias)), Some(node.MultiplyAdds));

    private static long Count(Node node, ParameterRole role) => node.Parameters.Where(parameter => parameter.Spec.Role == role)
        .Sum(parameter => (long)parameter.Spec.Count);

    private static string Some(long count) => count == 0 ? "-" : Words.Number(count);

    private static string Filters(Operator layer) => layer switch
    {
        Conv2d c => $"{c.Filters} of {c.Size.Rows}x{c.Size.Columns}{Steps(c.Stride, c.Padding)}"
            + (c.Groups > 1 ? $", {c.Groups} groups" : ""),
        Pool2d p => $"{p.Size.Rows}x{p.Size.Columns}{Steps(p.Stride, p.Padding)}",
        _ => "",
    };

    private static string Steps((int Rows, int Columns) stride, (int Rows, int Columns) padding) =>
        (stride == (1, 1) ? "" : $", stride {Pair(stride)}") + (padding == (0, 0) ? "" : $", padding {Pair(padding)}");

    private static string Pair((int Rows, int Columns) pair) => pair.Rows == pair.Columns ? $"{pair.Rows}" : $"{pair.Rows}x{pair.Columns}";

    /// <summary>conv1: floor((32 - 5 + 2*0) / 1) + 1 = 28</summary>
    private static string? Formula(Node node)
    {
        if (node.Operator is not Conv2d convolution) return null;
        Shape input = node.InputShapes[0], output = node.Output.Shape;
        string rows = Line(input.Height, convolution.Size.Rows, convolution.Padding.Rows, convolution.Stride.Rows, output.Height);
        string columns = Line(input.Width, convolution.Size.Columns, convolution.Padding.Columns, convolution.Stride.Columns, output.Width);
        return rows == columns ? $"{node.Path}: {rows}" : $"{node.Path}: rows {rows}, columns {columns}";

        static string Line(int extent, int filter, int padding, int stride, int result) =>
            $"floor(({extent} - {filter} + 2*{padding}) / {stride}) + 1 = {result}";
    }

    private sealed record Report(
        string Model, int[] Input, int Classes, long Weights, long Biases, long Parameters, long Macs, long TrainingBytes,
            IReadOnlyList<LayerRow> Layers,
        long ParametersWithHeads, IReadOnlyList<LayerRow> HeadLayers, int TrainingBatch, string Device, Precision Precision);

    private sealed record LayerRow(string Name, string Type, int[] Input, int[] Output, long Weights, long Biases, long Macs);
}
