using System.CommandLine;
using System.Diagnostics;
using GpuCnn.Bench.Compare;
using GpuCnn.Bench.Workloads;
using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Bench.Devices;

/// <summary><c>device</c>: measures translated kernels on a GPU side by side with PyTorch on the same GPU.</summary>
internal static class DeviceCommand
{
    private static readonly string[] Notes =
    [
        "Ratio: our speed divided by PyTorch's, from medians over the rounds. A round gives the idle device many runs, waits for all of " +
        "them, and divides; only the steps of our networks are waited for one by one.",
        "GFLOP/s counts a multiply-add as 2, and every convolution as direct. GB/s counts every tensor once.",
        "float32 without TF32 on either side, unless the pass names a precision. tf32: PyTorch's allow_tf32. bf16: operators on tensors " +
        "of bfloat16, and networks under torch.autocast; our network's input and output stay float32.",
        "tiles: float32 in one tile of ours each, beside PyTorch's float32. async: ordinary " +
        "multiply-adds from asynchronous copies. 3xtf32: each factor split in two for matrix units.",
        "PyTorch's tensors are made beforehand and in the faster memory format; cuDNN chooses its algorithms by measuring. In networks " +
        "both sides copy the batch in at each run.",
    ];

    public static Command Create()
    {
        var device = new Option<string>("--device")
        {
            Description = "A device that runs kernels: cuda, opencl, cuda-c or opencl-c, with :N for another than the first.",
            DefaultValueFactory = _ => "cuda",
        };
        var only = new Option<string?>("--only") { Description = "One group of rows." };
        only.AcceptOnlyFromAmong([.. DeviceRows.Full.Select(workload => workload.Group).Distinct()]);
        var filter = new Option<string?>("--filter") { Description = "Rows whose operator and pass contain this text." };
        var precision = new Option<Precision[]>("--precision")
        {
            Description = "Precisions, separated by commas: fp32, tf32, bf16. [default: all that the device has]",
            CustomParser = result =>
            {
                try
                {
                    return [.. result.Tokens.SelectMany(token => token.Value.Split(',')).Select(Precisions.Parse)];
                }
                catch (GpuCnnException exception)
                {
                    result.AddError($"--precision: {exception.Message}");
                    return [];
                }
            },
        };
        var quick = new Option<bool>("--quick") { Description = "Small sizes: to try the command, not the device." };
        var rounds = new Option<int>("--rounds") { Description = "Rounds of each row.", DefaultValueFactory = _ => 3 };
        var minutes = new Option<double>("--minutes")
        {
            Description = "Begin no further row after so long.",
            DefaultValueFactory = _ => double.PositiveInfinity,
        };
        var json = new Option<string?>("--json") { Description = "Also write the rows to this file, as JSON.", HelpName = "FILE" };
        var markdown = new Option<string?>("--markdown") { Description = "Also write the table to this file.", HelpName = "FILE" };
        rounds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1) result.AddError("--rounds expects at least 1.");
        });
        var command = new Command("device",
            "Run matrix products, convolutions, operators and networks on a GPU, and in PyTorch on the same one, in turns, and print both.")
        {
            device, only, filter, precision, quick, rounds, minutes, json, markdown,
        };
        command.SetAction(result =>
        {
            var workloads = (result.GetValue(quick) ? DeviceRows.Quick : DeviceRows.Full)
                .Where(workload => result.GetValue(only) is not { } group || workload.Group == group)
                .Where(workload => result.GetValue(filter) is not { } text
                    || $"{workload}".Contains(text, StringComparison.OrdinalIgnoreCase))
                .Where(workload => result.GetValue(precision) is not { Length: > 0 } chosen || chosen.Contains(workload.Precision))
                .ToList();
            try
            {
                return Run(workloads, result.GetRequiredValue(device), result.GetValue(rounds), result.GetValue(minutes),
                    result.GetValue(json),
                    result.GetValue(markdown)) ? 0 : 1;
            }
            catch (Exception exception) when (exception is GpuCnnException or IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine(exception.Message);
                return 1;
            }
        });
        return command;
    }

    /// <returns>Whether every row could be measured.</returns>
    private static bool Run(IReadOnlyList<Workload> workloads, string name, int rounds, double minutes, string? json, string? markdown)
    {
        if (workloads.Count == 0) throw new GpuCnnException("device has no such row; leave out --only and --filter to see all.");
        using StreamWriter? markdownFile = markdown is null ? null : new(markdown), jsonFile = json is null ? null : new(json);
        using Device device = DeviceCatalog.Open(name);
        if (device.Name.Split(':')[0] is not ("cuda" or "cuda-c" or "opencl" or "opencl-c"))
        {
            throw new GpuCnnException(
                $"device expects a device of kind cuda, opencl, cuda-c or opencl-c, but got {device.Name}; compare measures the CPU.");
        }
        (Peer? peer, string peerText) = DevicePeer.Find(device);
        using Peer? owned = peer;
        var machine = Machine.Describe(device, peerText);

        var reports = new List<MarkdownReport> { new(Console.Out) };
        if (markdownFile is not null) reports.Add(new(markdownFile));
        reports.ForEach(report => report.Begin(machine, Notes));
        var turns = new Turns(device, peer, rounds);
        var rows = new List<Comparison>();
        var remarks = new List<string>();
        Precision[] missing =
            [.. workloads.Select(workload => workload.Precision).Distinct().Where(precision => !device.Supports(precision))];
        if (missing.Length > 0)
        {
            remarks.Add($"{device.Name} has no {string.Join(" and no ", missing.Select(precision => precision.Name()))}");
            workloads = [.. workloads.Where(workload => device.Supports(workload.Precision))];
        }
        if (!device.Supports(Precision.TF32) && workloads.Any(workload => workload.Tile is not null))
        {
            remarks.Add($"{device.Name} has no matrix units, and no choice of tiles for rows that name one");
            workloads = [.. workloads.Where(workload => workload.Tile is null)];
        }
        int failed = 0, begun = 0;
        long start = Stopwatch.GetTimestamp();
        foreach (Workload workload in workloads)
        {
            if (Stopwatch.GetElapsedTime(start).TotalMinutes > minutes) break;
            begun++;
            try
            {
                rows.Add(turns.Measure(workload, reason => remarks.Add($"PyTorch has no {workload}: {reason}")));
                reports.ForEach(report => report.Add(rows[^1]));
            }
            catch (GpuCnnException exception) when (exception is not DeviceLostException)
            {
                // The next row may succeed, for example if this one needed too much memory.
                failed++;
                reports.ForEach(report => report.Add(workload, "not measured"));
                remarks.Add(exception.Message.StartsWith($"{workload}", StringComparison.Ordinal)
                    ? exception.Message
                    : $"{workload}: {exception.Message}");
            }
        }
        if (begun < workloads.Count)
            remarks.Add($"The last {workloads.Count - begun} of {workloads.Count} rows were skipped after {minutes:G3} minutes");
        reports.ForEach(report => report.End(rows, remarks));
        if (jsonFile is not null) JsonReport.Write(jsonFile, machine, rows);
        return failed == 0;
    }
}
