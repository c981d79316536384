using System.Diagnostics;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Onnx;

/// <summary>Exported models pass the checker of ONNX's Python package, where that is installed (Debian: python3-onnx).</summary>
public sealed class OnnxCheckerTests
{
    private static readonly Lazy<string?> Python = new(() =>
        new[] { Environment.GetEnvironmentVariable("GPUCNN_PYTHON") ?? "", "/usr/bin/python3" }
            .FirstOrDefault(python => File.Exists(python) && Run(python, "-c", "import onnx").Code == 0));

    [Test]
    public void ModelsPassTheCheckerWithShapes(
        [Values("lenet5", "resnet20", "resnet18", "googlenet", "alexnet-torchvision", "squeezenet1_1", "densenet121", "mobilenet-v1")]
        string name, [Values] bool fold)
    {
        if (Python.Value is null) Assert.Ignore("Needs Python with the package onnx: neither GPUCNN_PYTHON nor /usr/bin/python3 has it.");
        using TemporaryFolder folder = new();
        using CpuDevice device = new(threads: 2);
        using var model = Model.Create(name, ["a", "b", "c"], device, name == "lenet5" ? null : Shape.Volume(3, 85, 91));
        model.SaveOnnx(folder["model.onnx"], fold);
        (int code, string output, string error) = Run(
            Python.Value!, "-B", Path.Combine(TestData.RepositoryRoot, "Tests", "Onnx", "check_model.py"), folder["model.onnx"]);
        Assert.That(code, Is.Zero, error);
        Assert.That(output.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            Is.EqualTo(new[] { $"input batch {string.Join(' ', model.Input.Dimensions)}", "output batch 3" }));
    }

    private static (int Code, string Output, string Error) Run(string python, params string[] args)
    {
        var start = new ProcessStartInfo(python, args) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
