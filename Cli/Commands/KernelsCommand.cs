using System.CommandLine;
using System.Reflection;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn kernels list|show</c></summary>
internal static class KernelsCommand
{
    public static Command Create(CommandHost host) => new("kernels", "Lists the kernels for GPUs, or shows what one is compiled to.")
    {
        CreateList(host),
        CreateShow(host),
    };

    private static Command CreateList(CommandHost host)
    {
        Option<bool> json = Options.Json;
        var command = new Command("list", "Lists the kernels: which have barriers, and what they compute.") { json };
        command.SetAction(parsed =>
        {
            var rows = KernelSource.All.Select(kernel =>
                new Row(kernel.Text.Name, kernel.Text.HasBarriers, kernel.Text.InPlace,
                    [.. kernel.Constants.Select(constant => constant.Name!)], kernel.Text.Summary)).ToList();
            if (parsed.GetValue(json)) host.Output.WriteLine(Json.Of(rows));
            else WriteTable(host.Output, rows);
            return Program.Done;
        });
        return command;
    }

    private static void WriteTable(TextWriter output, IReadOnlyList<Row> rows)
    {
        var table = new TextTable("kernel", "barriers", "what");
        foreach (Row row in rows) table.Add(row.Name, row.Barriers ? "yes" : "no", row.Summary);
        table.Write(output);
    }

    private static Command CreateShow(CommandHost host)
    {
        var name = new Argument<string>("NAME") { Description = "Name of a kernel; `gpucnn kernels list` lists them." };
        Option<string?> dialect = Options.Text("--dialect", "ptx|ilgpu-opencl|cuda|opencl",
            "Which language to show it in: what ILGPU makes of it, or the project's own translation.", CheckDialect);
        dialect.Required = true;
        var define = new Option<string[]>("--define")
        {
            HelpName = "NAME=VALUE",
            Description = "Value of a specialization constant, once for each: what is shown is then all that is compiled.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("show", "Shows what a kernel is compiled to.") { name, dialect, define };
        command.SetAction(parsed =>
        {
            KernelSource kernel = KernelSource.Find(parsed.GetValue(name)!);
            string[] definitions = parsed.GetValue(define) ?? [];
            string named = parsed.GetValue(dialect)!;
            if (Ilgpu(named) is { } target)
            {
                WriteIlgpu(host.Output, kernel, target, Values(definitions));
                return Program.Done;
            }
            KernelDialect language = Dialect(named);
            if (definitions.Length > 0 || kernel.Constants.Count == 0) host.Output.WriteLine(kernel.With(Values(definitions), language));
            else WriteOpen(host.Output, kernel, named, language);
            return Program.Done;
        });
        return command;
    }

    /// <summary>Writes the constants that are still missing, then the text that all variants share.</summary>
    private static void WriteOpen(TextWriter output, KernelSource kernel, string dialect, KernelDialect language)
    {
        string text = kernel.In(language);
        string constants = string.Join(", ", kernel.Constants.Select(constant => $"SPEC_{constant.Name} ({Words(constant)})"));
        string options = string.Join(' ',
            kernel.Constants.Select(constant => $"--define {constant.Name}={KernelSource.Placeholder(constant)}"));
        output.WriteLine($"// Before this, each variant defines {constants}, and GROUP_SIZE_X, GROUP_SIZE_Y and GROUP_SIZE_Z.");
        output.WriteLine($"// gpucnn kernels show {kernel.Text.Name} --dialect {dialect} {options} shows all of it.");
        output.WriteLine(text);
    }

    private static string Words(ParameterInfo constant) => constant.ParameterType.IsEnum ? constant.ParameterType.Name
        : constant.ParameterType == typeof(Flag) ? "bool" : constant.ParameterType == typeof(float) ? "float"
            : constant.ParameterType == typeof(uint) ? "uint" : "int";

    private static Dictionary<string, string> Values(string[] definitions)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string definition in definitions)
        {
            string[] parts = definition.Split('=', 2);
            if (parts.Length != 2) throw new UsageException($"--define expects NAME=VALUE, but got '{definition}'.");
            if (!values.TryAdd(parts[0], parts[1])) throw new UsageException($"--define {parts[0]} was given twice.");
        }
        return values;
    }

    /// <summary>Returns ILGPU's output for the given values, with usual ones for the rest.</summary>
    private static void WriteIlgpu(TextWriter output, KernelSource kernel, IlgpuLanguage language, Dictionary<string, string> given)
    {
        Dictionary<string, string> values = kernel.Examples;
        foreach ((string name, string value) in given) values[name] = value;
        string text = kernel.With(values, language);
        if (values.Count > 0) output.WriteLine(
            $"// {string.Join(' ', values.Select(value => $"{value.Key}={value.Value}"))}"
            + (given.Count < values.Count ? "; --define NAME=VALUE chooses others" : ""));
        output.WriteLine(text);
    }

    private static void CheckDialect(string text)
    {
        if (Ilgpu(text) is null) _ = Dialect(text);
    }

    private static IlgpuLanguage? Ilgpu(string text) => text switch
    {
        "ptx" => IlgpuLanguage.Ptx,
        "ilgpu-opencl" => IlgpuLanguage.OpenCl,
        _ => null,
    };

    private static KernelDialect Dialect(string text) => text switch
    {
        "cuda" => KernelDialect.Cuda,
        "opencl" => KernelDialect.OpenCl,
        _ => throw new UsageException($"--dialect expects ptx, ilgpu-opencl, cuda or opencl, but got '{text}'."),
    };

    private sealed record Row(string Name, bool Barriers, bool InPlace, string[] Constants, string Summary);
}
