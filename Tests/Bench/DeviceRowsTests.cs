using System.Diagnostics;
using GpuCnn.Tests.Devices.OpenCl;
using NUnit.Framework;

namespace GpuCnn.Tests.Bench;

/// <summary>
/// The measurement of a device runs, so that a GPU that is there for minutes is not lost on a benchmark that cannot start.
/// </summary>
public sealed class DeviceRowsTests
{
    private static readonly string[] Passes = ["training step", "inference"];

    /// <summary>Without PyTorch: the rows are there, and their ratios are not.</summary>
    [Test]
    public void NetworksAreMeasured()
    {
        OpenClTestDevice.Require();
        string program = BenchProgram.Find();
        var start = new ProcessStartInfo("dotnet", [program, "device", "--device", "opencl-c", "--quick", "--only", "networks"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GPUCNN_PYTHON"] = Path.Combine(Path.GetTempPath(), "no-python");
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, error.Result + output);
        string[] rows = [.. output.Split('\n').Where(line => line.StartsWith("| resnet18 ", StringComparison.Ordinal))];
        Assert.That(rows.Select(row => row.Split('|')[2].Trim()), Is.EqualTo(Passes));
        Assert.That(rows.Select(row => double.Parse(row.Split('|')[3], System.Globalization.CultureInfo.InvariantCulture)),
            Is.All.Positive);
    }
}
