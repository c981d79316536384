using System.Diagnostics;
using System.Text.RegularExpressions;
using GpuCnn.Kernels.Language;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>
/// Compiles CUDA C to PTX without CUDA's headers. Without clang a test is ignored, or fails if GPUCNN_REQUIRE names clang.
/// </summary>
internal static partial class Clang
{
    private static readonly string? Program = ((string[])["clang-14", "clang-15", "clang-16", "clang"])
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    public static void Require()
    {
        if (Program is not null) return;
        const string Reason = "Needs clang, but there is no clang-14, clang-15, clang-16 or clang in PATH.";
        if (Requirement.Of("clang")) Assert.Fail(Reason);
        Assert.Ignore(Reason);
    }

    /// <summary>Compiles a kernel's CUDA C, which must give no warning, to PTX.</summary>
    public static string PtxOf<TKernel>(TKernel kernel) where TKernel : struct, IKernel
    {
        string ptx = ToPtx(KernelText.Source(kernel, KernelDialect.Cuda));
        Assert.That(ptx, Does.Contain($".entry {TKernel.Text.Name}("));
        return ptx;
    }

    /// <summary>Counts loads and stores of memory that replaces registers.</summary>
    public static int LocalAccesses(string ptx) => LocalAccess().Count(ptx);

    public static string ToPtx(string source)
    {
        string prelude = Path.Combine(AppContext.BaseDirectory, "Compiler", "clang-prelude.cuh");
        string[] arguments =
        [
            "-x", "cuda", "--cuda-device-only", "-nocudainc", "-nocudalib", "--cuda-gpu-arch=sm_80", "-S", "-O3", "-std=c++17",
                "-fdeclspec", "-Wall", "-Werror",
            "-Wno-unused-function", "-Wno-unknown-cuda-version", "-include", prelude, "-o", "-", "-",
        ];
        using Process process = Process.Start(new ProcessStartInfo(Program!, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync(), output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(source);
        process.StandardInput.Close();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, () => errors.Result + "\n" + source);
        return output.Result;
    }

    [GeneratedRegex(@"\b(ld|st)\.local\b")]
    private static partial Regex LocalAccess();
}
