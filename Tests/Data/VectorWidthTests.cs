using System.Diagnostics;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>
/// Repeats the tests of pixels in a process with narrower vectors or none, as on other processors. On Arm this tests the code for 128-bit
/// vectors.
/// </summary>
public sealed class VectorWidthTests
{
    private const string Repeated =
        "FullyQualifiedName~JpegTests.FastPath|FullyQualifiedName~JpegTests.Windows|FullyQualifiedName~ResamplerTests.Equals|" +
        "FullyQualifiedName~PngTests.Decodes";

    [TestCase("EnableAVX512", Category = "256 bits")]
    [TestCase("EnableAVX2", Category = "128 bits")]
    [TestCase("EnableHWIntrinsic", Category = "no vectors")]
    public void PixelsAreTheSameWithNarrowVectors(string switchedOff)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        // If the host was given the tests' assembly, pass it on.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(VectorWidthTests).Assembly.Location);
        foreach (string argument in (string[])["--no-ansi", "--filter", Repeated]) start.ArgumentList.Add(argument);
        start.Environment[$"DOTNET_{switchedOff}"] = "0";
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, $"{output}{error.Result}");
        Assert.That(output, Does.Match(@"succeeded: [1-9]\d"));
    }
}
