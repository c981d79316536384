using System.Text.Json;
using System.Xml.Linq;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary><c>gpucnn explain conv</c> and <c>pool</c>: the examples of lectures (CS231n, LeNet-5, AlexNet), and bad input.</summary>
public sealed class ExplainWindowsTests
{
    [TestCase("conv --input 7 --kernel 3", 5, true)]
    [TestCase("conv --input 7 --kernel 3 --stride 2", 3, true)]
    [TestCase("conv --input 7 --kernel 3 --stride 3", 2, false)]
    [TestCase("conv --input 7 --kernel 3 --padding 1", 7, true)]
    [TestCase("conv --input 7 --kernel 3 --stride 2 --padding 1", 4, true)]
    [TestCase("conv --input 3x32x32 --kernel 5", 28, true)]
    [TestCase("conv --input 3x32x32 --kernel 5 --padding 2", 32, true)]
    [TestCase("conv --input 227 --kernel 11 --stride 4", 55, true)]
    [TestCase("conv --input 224 --kernel 11 --stride 4 --padding 2", 55, false)]
    [TestCase("conv --input 27 --kernel 5 --padding 2", 27, true)]
    [TestCase("conv --input 13 --kernel 3 --padding 1", 13, true)]
    [TestCase("conv --input 32 --kernel 5", 28, true)]
    [TestCase("conv --input 14 --kernel 5", 10, true)]
    [TestCase("conv --input 224 --kernel 7 --stride 2 --padding 3", 112, false)]
    [TestCase("conv --input 7 --kernel 3 --dilation 2", 3, true)]
    [TestCase("pool --input 28 --kernel 2", 14, true)]
    [TestCase("pool --input 10 --kernel 2 --stride 2", 5, true)]
    [TestCase("pool --input 55 --kernel 3 --stride 2", 27, true)]
    [TestCase("pool --input 27 --kernel 3 --stride 2", 13, true)]
    [TestCase("pool --input 13 --kernel 3 --stride 2", 6, true)]
    [TestCase("pool --input 112 --kernel 3 --stride 2 --padding 1", 56, false)]
    [TestCase("pool --input 112 --kernel 3 --stride 2 --ceil", 56, false)]
    public void SizesAreThoseOfTheLectures(string line, int output, bool fits)
    {
        string[] args = ["explain", .. line.Split(' ')];
        JsonElement report = Succeed([.. args, "--json"]).Json;
        Assert.That(report.GetProperty("output")[0].GetInt32(), Is.EqualTo(output));
        Assert.That(report.GetProperty("output")[1].GetInt32(), Is.EqualTo(output));
        Assert.That(report.GetProperty("rows").GetProperty("fits").GetBoolean(), Is.EqualTo(fits));
        string text = Succeed(args).Output;
        Assert.That(text, Does.Contain($" + 1 = {output}\n"));
        Assert.That(text, fits ? Does.Contain(" fits: ").And.Not.Contain("does not fit") : Does.Contain(" does not fit: "));
    }

    // Weights, parameters, multiply-adds, parameters without sharing.
    [TestCase("--input 3x32x32 --kernel 5 --padding 2 --filters 10", 750, 760, 768_000, 778_240)]
    [TestCase("--input 3x227x227 --kernel 11 --stride 4 --filters 96", 34_848, 34_944, 105_415_200, 105_705_600)]
    [TestCase("--input 1x32x32 --kernel 5 --filters 6", 150, 156, 117_600, 122_304)]
    [TestCase("--input 256x28x28 --kernel 1 --filters 64", 16_384, 16_448, 12_845_056, 12_895_232)]
    [TestCase("--input 28 --channels 256 --kernel 3 --padding 1 --filters 192", 442_368, 442_560, 346_816_512, 346_967_040)]
    [TestCase("--input 28 --channels 256 --kernel 5 --padding 2 --filters 96", 614_400, 614_496, 481_689_600, 481_764_864)]
    public void WeightsAreCounted(string line, long weights, long parameters, long macs, long unshared)
    {
        string[] args = ["explain", "conv", .. line.Split(' ')];
        JsonElement report = Succeed([.. args, "--json"]).Json;
        Assert.That(report.GetProperty("weights").GetInt64(), Is.EqualTo(weights));
        Assert.That(report.GetProperty("parameters").GetInt64(), Is.EqualTo(parameters));
        Assert.That(report.GetProperty("macs").GetInt64(), Is.EqualTo(macs));
        Assert.That(report.GetProperty("parametersWithoutSharing").GetInt64(), Is.EqualTo(unshared));
        Assert.That(Succeed(args).Output, Does.Contain($"{parameters:N0} ({weights:N0} weights").And.Contain($"{macs:N0} an image"));
    }

    [Test]
    public void StrideThatDoesNotFitSaysWhatDoes()
    {
        string text = Succeed("explain", "conv", "--input", "7", "--kernel", "3", "--stride", "3").Output;
        Assert.That(text, Does.Contain("(7 - 3 + 2*0) / 3 = 1.33 is not whole")
            .And.Contain("1 pixel after the last window is left over")
            .And.Contain("Strides that fit with padding 0: 1 (output 5), 2 (3), 4 (2).")
            .And.Contain("Paddings that fit with stride 3: 1 (output 3).").And.Contain("Inputs that fit: 6 (output 2), 9 (3)."));
        Assert.That(Succeed("explain", "conv", "--input", "224", "--kernel", "7", "--stride", "2", "--padding", "3").Output,
            Does.Contain("No padding fits with stride 2, because both sides get the same."));
    }

    [Test]
    public void WindowsAreDrawn()
    {
        string text = Succeed("explain", "conv", "--input", "5x3", "--kernel", "3", "--stride", "2", "--padding", "1").Output;
        Assert.That(text, Does.Contain("""
                   . o o o .
                1  # # #
                2      # # #
            """).And.Contain("""
                   . o o o o o .
                1  # # #
                2      # # #
                3          # # #
            """).And.Contain("""
               . . . . .
               . 1 2 1 .
               . 2 4 2 .
               . 1 2 1 .
               . 2 4 2 .
               . 1 2 1 .
               . . . . .
            """));
    }

    [Test]
    public void WindowsTooLongToDrawAreToldInNumbers() =>
        Assert.That(Succeed("explain", "conv", "--input", "1000", "--kernel", "900").Output, Does.Contain("    1  pixels 1 to 900\n"));

    [Test]
    public void RectanglesHaveRowsAndColumns()
    {
        CommandResult result = Succeed("explain", "conv", "--input", "3x32x48", "--kernel", "3x5", "--stride", "1x2", "--padding", "1x0",
            "--filters", "8", "--json");
        Assert.That(result.Json.GetProperty("output").EnumerateArray().Select(size => size.GetInt32()), Is.EqualTo([32, 22]));
        Assert.That(result.Json.GetProperty("weights").GetInt64(), Is.EqualTo(3 * 5 * 3 * 8));
    }

    [Test]
    public void TextFitsTheTerminal([Values(40, 80, 120)] int width)
    {
        foreach (string line in (string[])["conv --input 3x227x227 --kernel 11 --stride 4 --filters 96", "pool --input 28 --kernel 2",
            "conv --input 1000000 --kernel 3", "conv --input 500 --kernel 400 --stride 7",
            "conv --input 30 --kernel 9 --stride 2 --padding 4"])
        {
            CommandResult result = Run(host => host with { Width = width }, ["explain", .. line.Split(' ')]);
            Assert.That(result.Output.Split('\n'), Has.All.Length.LessThanOrEqualTo(width), line);
        }
    }

    [Test]
    public void FigureIsDrawn()
    {
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"windows-{Guid.NewGuid():N}.svg");
        foreach (string line in (string[])["conv --input 7 --kernel 3 --stride 2 --padding 1", "pool --input 28 --kernel 2",
            "conv --input 227 --kernel 11 --stride 4"])
        {
            string output = Succeed(["explain", .. line.Split(' '), "--figure", file]).Output;
            Assert.That(output, Does.Contain(Path.GetFileName(file)));
            XElement drawing = XElement.Load(file);
            Assert.That(drawing.Name.LocalName, Is.EqualTo("svg"));
            Assert.That(drawing.Descendants().Count(shape => shape.Name.LocalName == "rect"), Is.GreaterThan(5));
            File.Delete(file);
        }
    }

    [TestCase("conv --kernel 3", "'--input'")]
    [TestCase("pool --input 28", "'--kernel'")]
    [TestCase("conv --input seven --kernel 3", "'seven'")]
    [TestCase("conv --input 7.5 --kernel 3", "'7.5'")]
    [TestCase("conv --input 0 --kernel 3", "'0'")]
    [TestCase("conv --input -7 --kernel 3", "'-7'")]
    [TestCase("pool --input 28x --kernel 2", "'28x'")]
    [TestCase("pool --input 1x2x3x4 --kernel 2", "'1x2x3x4'")]
    [TestCase("conv --input 9999999999 --kernel 3", "'9999999999'")]
    [TestCase("conv --input 7 --kernel 3x3x3", "'3x3x3'")]
    [TestCase("conv --input 7 --kernel 0", "--kernel", "'0'")]
    [TestCase("conv --input 7 --kernel 3 --stride 0", "--stride", "'0'")]
    [TestCase("pool --input 7 --kernel 3 --stride 1x0", "--stride", "'1x0'")]
    [TestCase("conv --input 7 --kernel 3 --padding -1", "--padding", "'-1'")]
    [TestCase("conv --input 7 --kernel 3 --dilation 0", "--dilation", "'0'")]
    [TestCase("conv --input 7 --kernel 9", "window of 9", "padded input of 7")]
    [TestCase("conv --input 4 --kernel 7 --padding 1", "window of 7", "padded input of 6 (4 + 2*1)")]
    [TestCase("conv --input 5 --kernel 3 --dilation 4", "3 at a dilation of 4")]
    [TestCase("pool --input 2 --kernel 3", "window of 3")]
    [TestCase("pool --input 9 --kernel 3 --padding 2", "--padding", "half the window")]
    [TestCase("conv --input 9 --kernel 3 --filters 8", "--filters", "--channels")]
    [TestCase("conv --input 3x9x9 --channels 4 --kernel 3 --filters 8", "--channels", "3")]
    [TestCase("pool --input 9 --kernel 3 --filters 8", "--filters")]
    [TestCase("conv --input 9 --kernel 3 --filters 0 --channels 1", "--filters", "'0'")]
    [TestCase("conv 9 --kernel 3", "'9'")]
    [TestCase("lenet5 conv --input 9 --kernel 3", "'lenet5'")]
    [TestCase("--batch 3 pool --input 9 --kernel 3", "'--batch'")]
    public void BadNumbersAreOneLine(string line, params string[] parts) => Fail(2, ["explain", .. line.Split(' ')], parts);

    [Test]
    public void FileThatCannotBeWrittenIsOneLine()
    {
        string folder = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"missing-{Guid.NewGuid():N}");
        foreach (string command in (string[])["conv", "pool"])
        {
            Fail(1, ["explain", command, "--input", "7", "--kernel", "3", "--figure", Path.Combine(folder, "x.svg")], "cannot be written");
            Fail(1, ["explain", command, "--input", "7", "--kernel", "3", "--figure", Path.GetTempPath()], "cannot be written");
            Fail(2, ["explain", command, "--input", "7", "--kernel", "3", "--figure", ""], "--figure");
        }
    }
}
