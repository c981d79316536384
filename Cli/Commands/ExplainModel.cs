using System.Globalization;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Explanations;
using GpuCnn.Models;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary>The network that is explained, where it is not the model's own.</summary>
internal sealed record ExplainedNetwork(Shape? Input, int? Classes);

/// <summary><c>gpucnn explain MODEL</c></summary>
internal static class ExplainModel
{
    public static int Run(CommandHost host, string model, ExplainedNetwork asked, bool json)
    {
        Architecture architecture = UsageException.Guard(() => Architecture.Find(model));
        Network network = UsageException.Guard(() => architecture.Build(asked.Input, asked.Classes));
        IReadOnlyDictionary<Value, ReceptiveField> fields = ReceptiveField.Of(network.Graph);
        var table = new TextTable("layer", "type", "output", ">receptive field", ">jump", ">first centre");
        foreach (Node node in network.Graph.Nodes)
        {
            ReceptiveField field = fields[node.Output];
            table.Add(node.Path, node.Operator.Type, $"{node.Output.Shape}", $"{field}", $"{field.Rows.Jump}",
                field.Rows.Start.ToString("0.0", CultureInfo.InvariantCulture));
        }
        if (json) host.Output.WriteLine(Json.Of(network.Graph.Nodes.Select(node => new { node.Path, Field = fields[node.Output] })));
        else table.Write(host.Output);
        return Program.Done;
    }
}
