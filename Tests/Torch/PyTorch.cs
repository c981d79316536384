using System.Diagnostics;
using NUnit.Framework;

namespace GpuCnn.Tests.Torch;

/// <summary>Runs scripts with the machine's PyTorch, if it has one.</summary>
internal static class PyTorch
{
    private static readonly Lazy<string?> Python = new(() =>
        new[] { Environment.GetEnvironmentVariable("GPUCNN_PYTHON") ?? "", "/usr/bin/python3", "python3" }
            .FirstOrDefault(python => python.Length > 0 && HasTorchvision(python)));

    /// <summary>
    /// Runs a script of this folder and returns what it prints. Without torchvision the test is ignored with that reason, or fails if
    /// GPUCNN_REQUIRE asks for torch.
    /// </summary>
    public static string Run(string script, params string[] args)
    {
        if (Python.Value is null)
        {
            Assert.That(Requirement.Of("torch"), Is.False, "GPUCNN_REQUIRE asks for torch, but no Python with torchvision was found");
            Assert.Ignore("Needs Python with torchvision: neither GPUCNN_PYTHON nor python3 has it.");
        }
        (int code, string output, string error) =
            Start(Python.Value!, ["-B", Path.Combine(TestData.RepositoryRoot, "Tests", "Torch", script), .. args]);
        Assert.That(code, Is.Zero, error);
        return output;
    }

    private static bool HasTorchvision(string python)
    {
        try
        {
            return Start(python, ["-c", "import torchvision"]).Code == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static (int Code, string Output, string Error) Start(string python, IEnumerable<string> args)
    {
        var start = new ProcessStartInfo(python, args) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
