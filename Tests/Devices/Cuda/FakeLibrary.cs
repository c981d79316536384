using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>A library compiled from C beside the tests; without a C compiler a test is ignored, or fails where GPUCNN_REQUIRE names clang.</summary>
internal static class FakeLibrary
{
    private static readonly string? Compiler = ((string[])["clang-14", "clang-15", "clang-16", "clang", "gcc", "cc"])
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    private static readonly ConcurrentDictionary<string, string> Built = new();
    private static readonly Lazy<string> Folder = new(MakeFolder);

    /// <summary>The path of the library, compiled once for each set of definitions.</summary>
    public static string PathOf(string source, params string[] definitions)
    {
        if (Compiler is null || !OperatingSystem.IsLinux())
        {
            const string Reason = "Needs Linux and a C compiler, but there is no clang, gcc or cc in PATH.";
            if (Requirement.Of("clang")) Assert.Fail(Reason);
            Assert.Ignore(Reason);
        }
        return Built.GetOrAdd($"{source} {string.Join(' ', definitions)}", _ => Compile(source, definitions));
    }

    /// <summary>A function of a library.</summary>
    public static nint Function(string path, string name) => NativeLibrary.GetExport(NativeLibrary.Load(path), name);

    private static string Compile(string source, string[] definitions)
    {
        string output = Path.Combine(Folder.Value, $"{source}-{Built.Count}-{Guid.NewGuid():N}.so");
        string[] arguments =
        [
            "-shared", "-fPIC", "-O1", "-pthread", .. definitions.Select(definition => "-D" + definition), "-o", output,
            Path.Combine(AppContext.BaseDirectory, "Devices", "Cuda", source + ".c"),
        ];
        using Process process = Process.Start(new ProcessStartInfo(Compiler!, arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, errors);
        return output;
    }

    private static string MakeFolder()
    {
        string folder = Directory.CreateTempSubdirectory("gpucnn-fake-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    }
}
