using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>
/// Compiles C and C++ libraries for the tests. Without a C compiler a test is ignored, or fails if GPUCNN_REQUIRE names clang.
/// </summary>
internal static class FakeLibrary
{
    private static readonly string? Compiler = ((string[])["clang-14", "clang-15", "clang-16", "clang", "gcc", "cc"])
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    private static readonly ConcurrentDictionary<string, string> Built = new();
    private static readonly Lazy<string> Folder = new(MakeFolder);

    public static void Require()
    {
        if (Compiler is not null && OperatingSystem.IsLinux()) return;
        const string Reason = "Needs Linux and a C compiler, but there is no clang, gcc or cc in PATH.";
        if (Requirement.Of("clang")) Assert.Fail(Reason);
        Assert.Ignore(Reason);
    }

    /// <summary>Returns the path of a C file's library, compiled once for each set of definitions.</summary>
    public static string PathOf(string source, params string[] definitions)
    {
        Require();
        return Built.GetOrAdd(
            $"{source} {string.Join(' ', definitions)}",
            _ => Compile(["-x", "c", .. definitions.Select(definition => "-D" + definition)], $"#include \"{source}.c\""));
    }

    /// <summary>Returns the path of a C++ text's library, compiled once.</summary>
    public static string OfText(string text)
    {
        Require();
        return Built.GetOrAdd(text, _ => Compile(["-x", "c++", "-std=c++17"], text));
    }

    /// <summary>Returns the address of a function in a library.</summary>
    public static nint Function(string path, string name) => NativeLibrary.GetExport(NativeLibrary.Load(path), name);

    private static string Compile(string[] language, string text)
    {
        string output = Path.Combine(Folder.Value, $"{Guid.NewGuid():N}.so");
        string headers = Path.Combine(AppContext.BaseDirectory, "Devices", "Cuda");
        string[] arguments = [.. language, "-shared", "-fPIC", "-O1", "-pthread", "-I", headers, "-o", output, "-"];
        var start = new ProcessStartInfo(Compiler!, arguments) { RedirectStandardInput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(text);
        process.StandardInput.Close();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, () => errors.Result + "\n" + text);
        return output;
    }

    private static string MakeFolder()
    {
        string folder = Directory.CreateTempSubdirectory("gpucnn-fake-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    }
}
