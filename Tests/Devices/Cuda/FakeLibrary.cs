using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>Libraries compiled from C and C++ beside the tests; without a C compiler a test is ignored, or fails where GPUCNN_REQUIRE names clang.</summary>
internal static class FakeLibrary
{
    private static readonly string? Compiler = ((string[])["clang-14", "clang-15", "clang-16", "clang", "gcc", "cc"])
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, name)))
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

    /// <summary>The path of the library of a C file, compiled once for each set of definitions.</summary>
    public static string PathOf(string source, params string[] definitions)
    {
        Require();
        return Built.GetOrAdd($"{source} {string.Join(' ', definitions)}", _ => Compile(["-x", "c", .. definitions.Select(definition => "-D" + definition)], $"#include \"{source}.c\""));
    }

    /// <summary>The path of the library of a C++ text, compiled once.</summary>
    public static string OfText(string text)
    {
        Require();
        return Built.GetOrAdd(text, _ => Compile(["-x", "c++", "-std=c++17"], text));
    }

    /// <summary>A function of a library.</summary>
    public static nint Function(string path, string name) => NativeLibrary.GetExport(NativeLibrary.Load(path), name);

    private static string Compile(string[] language, string text)
    {
        string output = Path.Combine(Folder.Value, $"{Guid.NewGuid():N}.so");
        string headers = Path.Combine(AppContext.BaseDirectory, "Devices", "Cuda");
        string[] arguments = [.. language, "-shared", "-fPIC", "-O1", "-pthread", "-I", headers, "-o", output, "-"];
        using Process process = Process.Start(new ProcessStartInfo(Compiler!, arguments) { RedirectStandardInput = true, RedirectStandardError = true })!;
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
