using System.Diagnostics;
using System.Text.RegularExpressions;
using GpuCnn.Tests.Devices.Cuda;
using GpuCnn.Tests.Devices.OpenCl;
using NUnit.Framework;

namespace GpuCnn.Tests.Bench;

/// <summary>
/// Rehearses Bench/gpu.sh, so that the minutes of a GPU are not lost on a script that stops: on the OpenCL device of the processor, and on
/// a CUDA driver that runs no kernel.
/// </summary>
public sealed class GpuScriptTests
{
    [Test]
    public void LeavesATableOfEachPart()
    {
        OpenClTestDevice.Require();
        using var folder = new TemporaryFolder();
        (int code, string output) = Run(
            folder.Path, [], "--device", "opencl-c", "--only", "ceilings,accuracy", "--minutes", "1", "--", "--quick");
        Assert.That(code, Is.Zero, output);
        string tables = output[output.IndexOf("== tables", StringComparison.Ordinal)..];
        Assert.That(tables, Does.Match(@"\| copy of .* forward +\| +\d+\.\d+"));
        Assert.That(tables, Does.Match(@"\| lenet5 \| opencl-c \| fp32 \| 0\.2 \| \d"));
        Assert.That(tables, Does.Not.Contain("bf16 |"), "OpenCL has float32 alone");
        Assert.That(output, Does.Not.Contain("failed").And.Not.Contain("cut after"));
    }

    /// <summary>The driver's kernels do nothing, so every row is wrong.</summary>
    [Test]
    public void GoesOnAfterAFailure()
    {
        using var folder = new TemporaryFolder();
        string libraries = Directory.CreateDirectory(Path.Combine(folder.Path, "libraries")).FullName;
        File.CreateSymbolicLink(Path.Combine(libraries, "libcuda.so.1"), FakeLibrary.PathOf("fake_cuda", "IN_A_PROGRAM"));
        File.CreateSymbolicLink(Path.Combine(libraries, "libnvrtc.so.12"), FakeLibrary.PathOf("fake_nvrtc", "IN_A_PROGRAM"));
        (int code, string output) = Run(folder.Path, new() { ["LD_LIBRARY_PATH"] = libraries },
            "--device", "cuda-c", "--only", "ceilings,tiles,resources", "--precision", "fp32", "--minutes", "1", "--", "--quick");
        Assert.That(code, Is.Not.Zero);
        string tables = output[output.IndexOf("== tables", StringComparison.Ordinal)..];
        Assert.That(tables, Does.Match(@"\| copy of .*not measured"), "a wrong result is not timed");
        Assert.That(tables, Does.Match(@"\| matrix product .*\| forward, 128x128x32 async .*not measured"), "a row for each tile");
        Assert.That(tables, Does.Match(@"\| convolution .*\| backward weights, 64x64x32 3xtf32 .*not measured"));
        Assert.That(Regex.Count(tables, @"^\| \w+ \| \d+ \| \d+ \| \d+ \| 0 \|", RegexOptions.Multiline), Is.GreaterThan(5), output);
    }

    [TestCase("--only", "everything")]
    [TestCase("--precision", "fp8")]
    [TestCase("--minutes", "soon")]
    public void AMistakeIsOneLine(string option, string value)
    {
        using var folder = new TemporaryFolder();
        (int code, string output) = Run(folder.Path, [], option, value);
        Assert.That(code, Is.EqualTo(2));
        Assert.That(output.TrimEnd(), Does.Not.Contain("\n").And.Contains(value));
    }

    private static (int Code, string Output) Run(string folder, Dictionary<string, string> variables, params string[] arguments)
    {
        BenchProgram.Find();
        string script = Path.Combine(TestData.RepositoryRoot, "Bench", "gpu.sh");
        var start = new ProcessStartInfo("bash", [script, "--out", Path.Combine(folder, "results"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GPUCNN_PYTHON"] = Path.Combine(folder, "no-python");
        start.Environment["GPUCNN_CACHE"] = Path.Combine(folder, "cache");
        foreach ((string name, string value) in variables) start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd() + error.Result;
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
