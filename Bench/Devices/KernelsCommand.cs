using System.CommandLine;
using System.Globalization;
using GpuCnn.Bench.Workloads;
using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Bench.Devices;

/// <summary><c>kernels</c>: what the kernels of networks' training steps take of a device, as its driver reports it.</summary>
internal static class KernelsCommand
{
    private const int Batch = 32;

    /// <summary>Float32's ways by matrix units, which are candidates only: the largest tile of each problem.</summary>
    private static readonly string[] UnitFactors = ["3xtf32", "async"];

    private static readonly string[] Titles =
        ["Kernel", "Launches", "Threads", "Registers", "Local bytes", "Shared bytes", "Occupancy", "For example"];

    public static Command Create()
    {
        var device = new Option<string>("--device")
        {
            Description = "A device whose driver reports on kernels: cuda or cuda-c.",
            DefaultValueFactory = _ => "cuda-c",
        };
        var precision = new Option<string>("--precision")
        {
            Description = "fp32, tf32 or bf16.",
            DefaultValueFactory = _ => Precision.Float32.Name(),
        };
        var model = new Option<string[]>("--model")
        {
            Description = "Networks.",
            DefaultValueFactory = _ => ["resnet50", "googlenet-torchvision"],
            AllowMultipleArgumentsPerToken = true,
        };
        var markdown = new Option<string?>("--markdown") { Description = "Also write the table to this file.", HelpName = "FILE" };
        var command = new Command("kernels",
            "List registers, local and shared memory and occupancy of the kernels in training steps, those with local memory first.")
        {
            device, precision, model, markdown,
        };
        command.SetAction(result =>
        {
            try
            {
                Run(result.GetRequiredValue(device), Precisions.Parse(result.GetRequiredValue(precision)),
                    result.GetRequiredValue(model), result.GetValue(markdown));
                return 0;
            }
            catch (Exception exception) when (exception is GpuCnnException or IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine(exception.Message);
                return 1;
            }
        });
        return command;
    }

    private static void Run(string name, Precision precision, IEnumerable<string> models, string? markdown)
    {
        using StreamWriter? file = markdown is null ? null : new(markdown);
        using Device device = DeviceCatalog.Open(name);
        var kernels = new List<(string Step, KernelResources Kernel)>();
        foreach (string model in models)
        {
            Workload workload = new NetworkWorkload(model, Batch, training: true).At(precision);
            IEnumerable<Workload> all = precision == Precision.Float32 && device.Supports(Precision.TF32)
                ? [workload, .. UnitFactors.Select(workload.In)] : [workload];
            foreach (Workload each in all)
            {
                using Subject step = each.Open(device);
                string measured = each.Tile is null ? model : $"{model} in {each.Tile}";
                kernels.AddRange(step.ReadKernelResources().Select(kernel => ($"{measured} {kernel.Step.Name}", kernel.Kernel)));
            }
        }
        if (kernels.Count == 0)
            throw new GpuCnnException($"kernels expects a device whose driver reports on kernels, cuda or cuda-c, but got {device.Name}.");
        string[][] rows =
        [
            Titles, [.. Titles.Select((_, i) => i is 0 or 7 ? "---" : "---:")],
            .. from entry in kernels
            group entry by entry.Kernel into same
            orderby same.Key.LocalBytes descending, same.Key.Registers descending, same.Key.Kernel
            select Row(same.Key, [.. same.Select(entry => entry.Step)]),
        ];
        foreach (TextWriter output in new[] { Console.Out, file }.OfType<TextWriter>())
        {
            output.WriteLine($"{device.Name}: {device.Description}; training steps of {string.Join(" and ", models)}, batch {Batch}, "
                + $"{precision.Name()}");
            output.WriteLine();
            foreach (string[] row in rows) output.WriteLine($"| {string.Join(" | ", row)} |");
        }
    }

    private static string[] Row(KernelResources kernel, IReadOnlyList<string> steps) =>
    [
        kernel.Kernel, Text(steps.Count), Text(kernel.Threads), Text(kernel.Registers), Text(kernel.LocalBytes), Text(kernel.SharedBytes),
        kernel.Occupancy?.ToString("P0", CultureInfo.InvariantCulture) ?? "-", steps[0],
    ];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
