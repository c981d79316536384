using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Onnx;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn export</c>: writes a network for other programs.</summary>
internal static class ExportCommand
{
    public static Command Create(CommandHost host)
    {
        Argument<string> weights = new("WEIGHTS") { Description = "Weights file, or folder of a run for its best weights." };
        Option<string?> onnx = Options.Text("--onnx", "FILE", "ONNX model to write.");
        Option<bool> noFold = Options.Flag("--no-fold", "Keep batch norms as layers of their own instead of folding them into the "
            + "convolutions before them.");
        onnx.Required = true;
        var command = new Command("export", "Writes trained weights as an ONNX model, which other programs run.") { weights, onnx, noFold };
        command.SetAction(parsed =>
        {
            string source = WeightsPath.Resolve(parsed.GetValue(weights)!), target = parsed.GetValue(onnx)!;
            if (Path.GetFullPath(source) == Path.GetFullPath(target))
                throw new UsageException($"--onnx expects another file than the weights, but got '{target}' for both.");
            using Device device = new CpuDevice(threads: 1);
            using var model = Model.Load(source, device);
            OnnxExport export = model.ToOnnx(!parsed.GetValue(noFold));
            Model.Write(target, export);
            Describe(host.Output, model, export, target);
            return Program.Done;
        });
        return command;
    }

    private static void Describe(TextWriter output, Model model, OnnxExport export, string target)
    {
        Network network = model.Network;
        output.WriteLine($"{target}: {network.Name}, {Words.Number(network.ParameterCount)} parameters, "
            + $"{Words.Count(export.NodeCount, "node", "nodes")} of ONNX opset {OnnxExport.Opset}, {Words.Bytes(export.Message.Size)}");
        int norms = network.Graph.Nodes.Count(node => node.Operator is BatchNorm2d && !network.HeadNodes.Contains(node));
        if (norms > 0)
            output.WriteLine($"Folded into convolutions: {export.FoldedNorms} of {Words.Count(norms, "batch norm", "batch norms")}");
        output.WriteLine($"Input     input, float32 [batch, {string.Join(", ", network.Input.Dimensions)}]");
        output.WriteLine($"Output    output, float32 [batch, {model.Classes.Count}]: a logit for each class; their softmax is the "
            + "probabilities");
        output.WriteLine("Metadata  classes (a JSON array), mean, std, input, fit and preprocessing, which says the following");
        output.WriteLine("\nPrepare each image like this:");
        int number = 0;
        foreach (string step in PreparationText.Steps(model.Metadata)) LineWrap.Write(output, $"{++number}. {step}");
    }
}
