using System.CommandLine;
using System.Globalization;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine;
using GpuCnn.Models;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn import</c>: converts PyTorch's weights into a weights file.</summary>
internal static class ImportCommand
{
    /// <summary>Draws training heads that a file lacks, as `train` draws weights by default.</summary>
    private const ulong Seed = 1;

    /// <summary>Most names in one line of what was left out.</summary>
    private const int Shown = 10;

    public static Command Create(CommandHost host)
    {
        Option<string?> model = Options.Model("Model that the weights belong to; `gpucnn models` lists them.");
        Option<string?> from = Options.Text("--from", "FILE", "State dict by torchvision's names: a safetensors file, "
            + "or .pth or .pt as torch.save writes.");
        Option<string?> output = Options.Text("--out", "FILE", "Weights file to write.");
        Option<string?> classesFile = Options.Text("--classes-file", "FILE", "Names of the classes, one a line, in their order. "
            + "[default: ImageNet's for its networks with 1,000 classes, or 0 to N-1]");
        Option<string?> key = Options.Text("--key", "NAME", "State dict to take of several in the file, or the module that has the "
            + "network: what its tensors' names begin with. [default: model of model and model_ema, and the like]");
        Option<IReadOnlyList<float>?> mean = Options.RealNumbers("--mean", "Mean per channel of values from 0 to 1. [default: ImageNet's, "
            + "for inputs of its size]");
        Option<IReadOnlyList<float>?> std = Options.RealNumbers("--std", "Standard deviation per channel. [default: ImageNet's, "
            + "for inputs of its size]");
        Option<int?> resizeTo = Options.ResizeTo("[default: until images cover the input]");
        Option<Shape?> input = Options.Input;
        model.Required = from.Required = output.Required = true;
        var command = new Command("import", "Makes a weights file from a state dict of PyTorch's.") { model, from, output, classesFile,
            key, mean, std, resizeTo, input };
        command.SetAction(parsed =>
        {
            Architecture architecture = Architecture.Find(parsed.GetValue(model)!);
            Shape shape = parsed.GetValue(input) ?? architecture.Input;
            (IReadOnlyList<float> means, IReadOnlyList<float> stds) = Normalization(architecture, shape, parsed.GetValue(mean),
                parsed.GetValue(std));
            _ = UsageException.Guard(() => architecture.Build(shape));
            ImageFit fit = architecture.Recipe.Fit;
            int side = parsed.GetValue(resizeTo) ?? 0;
            _ = UsageException.Guard(() => new Data.ImagePreprocessor(shape, fit, means, stds) { ResizeTo = side });
            using StateDict dict = StateDict.Open(parsed.GetValue(from)!, parsed.GetValue(key));
            StateDictImport import = StateDictImport.Check(architecture, dict, shape);
            int classes = import.Network.Output.Shape.Count;
            string? namesFile = parsed.GetValue(classesFile);
            IReadOnlyList<string>? imageNet = namesFile is null ? ImageNetClasses.Of(architecture, classes) : null;
            var metadata = new ModelMetadata(architecture.Name, shape, imageNet ?? ClassNames(namesFile, classes), means, stds, fit)
            { ResizeTo = side };
            string target = parsed.GetValue(output)!;
            ModelFile.Save(target, metadata, import.Read(Seed));
            host.Output.WriteLine($"{target}: {architecture.Name}, {Words.Number(import.Network.ParameterCount)} parameters, "
                + $"input {shape}, {Words.Count(classes, "class", "classes")}");
            Describe(host, dict, import);
            if (imageNet is not null) host.Output.WriteLine("The classes are named as ImageNet's; --classes-file names them otherwise.");
            if (import.Renamed is not null) host.Output.WriteLine($"The file calls the last layer {Words.Quote(import.Renamed)}.");
            if (import.DrawnCount > 0) host.Output.WriteLine($"{Words.Count(import.DrawnCount, "tensor", "tensors")} of heads that only "
                + "training has were not in the file and are drawn at random.");
            host.Output.WriteLine($"Try next: gpucnn predict --weights {Words.Quote(target)} IMAGE");
            return Program.Done;
        });
        return command;
    }

    /// <summary>Says what was taken of the file, and what was left out.</summary>
    private static void Describe(CommandHost host, StateDict dict, StateDictImport import)
    {
        if (dict.OtherKeys.Count > 0)
            host.Output.WriteLine($"The file holds {Words.Count(dict.OtherKeys.Count + 1, "state dict", "state dicts")}: {dict.Key} was "
                + $"taken, and --key takes {List(dict.OtherKeys, " or ")}.");
        if (import.Prefix != "") host.Output.WriteLine($"Tensors' names begin with '{import.Prefix}' in the file.");
        if (import.LeftOut.Count > 0)
            host.Output.WriteLine($"Left out, for the network has no such tensors: {List(import.LeftOut, ", ")}.");
        if (dict.Strangers.Count > 0)
            host.Output.WriteLine($"Objects of other programs in the file were neither made nor run: {List(dict.Strangers, ", ")}.");
    }

    private static string List(IReadOnlyList<string> names, string separator) =>
        string.Join(separator, names.Take(Shown).Select(Words.Quote)) + (names.Count > Shown ? $" and {names.Count - Shown} more" : "");

    private static (IReadOnlyList<float> Mean, IReadOnlyList<float> Std) Normalization(Architecture architecture, Shape input,
        IReadOnlyList<float>? mean, IReadOnlyList<float>? std)
    {
        foreach ((string name, IReadOnlyList<float>? values) in new[] { ("--mean", mean), ("--std", std) })
            if (values is not null && values.Count != input.Channels)
                throw new UsageException($"{name} expects {Words.Count(input.Channels, "number", "numbers")} for an input of {input}, "
                    + $"but got {values.Count}.");
        if (std?.FirstOrDefault(value => value <= 0, 1) is <= 0) throw new UsageException("--std expects numbers above 0.");
        if (mean is not null && std is not null) return (mean, std);
        if (input.Channels == ImagePreparation.ImageNetMean.Count && ImageNetClasses.Trained(architecture))
            return (mean ?? ImagePreparation.ImageNetMean, std ?? ImagePreparation.ImageNetStd);
        throw new UsageException($"import expects --mean and --std, by which the images of {architecture.Name} for {input} were "
            + "normalized: only ImageNet's networks have known ones.");
    }

    private static IReadOnlyList<string> ClassNames(string? path, int classes)
    {
        if (path is null) return [.. Enumerable.Range(0, classes).Select(index => index.ToString(CultureInfo.InvariantCulture))];
        string[] names = [.. File.ReadLines(path).Select(line => line.Trim())];
        while (names is [.., ""]) names = names[..^1];
        int empty = Array.IndexOf(names, "");
        if (empty >= 0) throw new GpuCnnException($"'{path}' names no class in line {empty + 1}; expected a name a line.");
        for (int line = 0; line < names.Length; line++)
        {
            int first = Array.IndexOf(names, names[line]);
            if (first < line)
                throw new GpuCnnException($"'{path}' names '{names[line]}' in lines {first + 1} and {line + 1}; expected a name of its own "
                    + $"for each class, as in '{names[line]} ({line})'.");
        }
        return names.Length == classes ? names
            : throw new GpuCnnException($"'{path}' names {Words.Count(names.Length, "class", "classes")}, but the weights have {classes}; "
            + "give one line for each.");
    }
}
