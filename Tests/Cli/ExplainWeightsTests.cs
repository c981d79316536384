using System.Text.RegularExpressions;
using GpuCnn.Data;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Explanations;
using GpuCnn.Tests.Explanations;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary><c>explain --weights</c>: the numbers it prints, the page and pictures it writes, and what it refuses.</summary>
public sealed partial class ExplainWeightsTests
{
    private readonly TemporaryFolder _folder = new();
    private string _weights = "", _image = "", _data = "";

    [OneTimeSetUp]
    public void Train()
    {
        _data = TinyData.Write(_folder);
        Succeed("train", "--model", "smallcnn", "--input", "3x16x16", "--data", _data, "--batch", "6", "--steps", "2", "--out",
            _folder["run"]);
        _weights = _folder["run", "final.safetensors"];
        _image = Directory.GetFiles(_folder["data", "val"], "*.png", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void WritesThePageAndThePictures([Values("cpu", "debug")] string device)
    {
        string folder = _folder[$"all on {device}"];
        string output = Succeed("explain", "--weights", _folder["run"], _image, "--gradcam", "--class", "red", "--occlusion", "--patch",
            "8", "--stride", "4", "--batch", "3", "--filters", "--top-patches", "conv2", "--data", _data, "--out", folder, "--device",
            device).Output;
        Assert.That(output, Does.Contain(Path.Join(folder, "index.html")));
        string html = File.ReadAllText(Path.Join(folder, "index.html"));
        foreach (string text in new[] { "Prediction", "Grad-CAM", "Occlusion", "Filters of the first layer", "Patches that excite conv2",
            "conv1 (Conv2d)", "For the class red", "window x filter", "dark", "green" })
            Assert.That(html, Does.Contain(text));
        Assert.That(Address().Matches(html).Select(match => match.Groups[1].Value),
            Is.All.StartsWith("data:").Or.StartsWith("#"), "the page asks for nothing");
        foreach (string name in new[] { "input", "grad-cam", "occlusion", "filters", "patches-conv2" })
            Assert.That(ImageFile.Read(Path.Join(folder, $"{name}.png")).Width, Is.GreaterThan(1), name);
        string[] layers = Directory.GetFiles(Path.Join(folder, "layers"));
        Assert.That(layers, Has.Length.EqualTo(html.Split("<article>").Length - 1));
        Assert.That(layers.Select(Path.GetFileName), Has.Some.Match("^0?1-conv1.png$"));
        Assert.That(int.Parse(Count().Match(output).Groups[1].Value), Is.EqualTo(5 + layers.Length));
        // A second run replaces the files.
        Succeed("explain", "--weights", _weights, _image, "--out", folder);
    }

    [Test]
    public void PrintsTheNumbersAndNoPage()
    {
        string before = string.Join('\n', Directory.GetFileSystemEntries(Environment.CurrentDirectory));
        string output = Succeed("explain", "--weights", _weights, _image, "--layer", "conv1", "--map", "3", "--at", "0,5").Output;
        Assert.That(output, Does.Contain("conv1 (Conv2d): map 3 of ").And.Contain("row 0, column 5 of 16x16"));
        Assert.That(output, Does.Contain("channel 2: window x filter = products").And.Contain("sum of 3 channels").And.Contain("bias"));
        Assert.That(string.Join('\n', Directory.GetFileSystemEntries(Environment.CurrentDirectory)), Is.EqualTo(before));
        string folder = _folder["with a page"];
        Assert.That(Succeed("explain", "--weights", _weights, _image, "--layer", "conv1", "--out", folder).Output,
            Does.Contain("index.html"));
    }

    /// <summary>An image of another size is brought to the input as the weights say, and one in gray gets three channels.</summary>
    [TestCase(7, 40, 3)]
    [TestCase(300, 20, 1)]
    [TestCase(1, 1, 3)]
    public void AnyImageIsBroughtToTheInput(int width, int height, int channels)
    {
        string image = _folder[$"{width}x{height}.png"], folder = _folder[$"{width}x{height}"];
        ImageFile.Write(image, ValueExplanationTests.Picture(width, height, channels));
        Succeed("explain", "--weights", _weights, image, "--out", folder);
        PixelImage input = ImageFile.Read(Path.Join(folder, "input.png"));
        Assert.That((input.Width, input.Height), Is.EqualTo((16, 16)));
    }

    [Test]
    public void NamesOfFilesAndClassesAreEscaped()
    {
        if (OperatingSystem.IsWindows()) Assert.Ignore("Windows has no such names.");
        const string Hostile = "<img src=x onerror=alert(1)>\"'&,\n";
        string image = _folder[$"a {Hostile.Replace("/", "")}.png"], data = _folder["odd data"], folder = _folder["odd page"];
        File.Copy(_image, image);
        foreach (string split in new[] { "train", "val" })
        {
            foreach ((string from, string to) in new[] { ("red", Hostile), ("dark", "</script><b>") })
            {
                string target = Path.Join(data, split, to.Replace("/", "\u2215"));
                Directory.CreateDirectory(target);
                foreach (string file in Directory.GetFiles(_folder["data", split, from]))
                    File.Copy(file, Path.Join(target, Path.GetFileName(file)));
            }
        }
        Succeed("train", "--model", "smallcnn", "--input", "3x16x16", "--data", data, "--batch", "6", "--steps", "1", "--out",
            _folder["odd run"]);
        Succeed("explain", "--weights", _folder["odd run"], image, "--gradcam", "--top-patches", "conv1", "--data", data, "--out", folder);
        string html = File.ReadAllText(Path.Join(folder, "index.html"));
        Assert.That(html, Does.Contain("&lt;img src=x onerror=alert(1)&gt;"));
        Assert.That(html, Does.Not.Contain("<img src=x"));
        Assert.That(html, Does.Not.Contain("<b>"));
    }

    [Test]
    public void WhatCannotBeExplainedIsOneLine()
    {
        string[] start = ["explain", "--weights", _weights, _image];
        Fail(2, [.. start, "--layer", "conv7"], "no layer 'conv7'", "near: conv1", "it has conv1");
        Fail(2, [.. start, "--layer", "conv1", "--map", "999"], "maps 0 to ", "999");
        Fail(2, [.. start, "--layer", "conv1", "--map", "0", "--at", "16,0"], "rows 0 to 15", "16,0");
        Fail(2, [.. start, "--layer", "conv1", "--map", "-1"], "--map", "-1");
        foreach (string place in new[] { "3", "1,2,3", "a,b", "-1,2", "1.5,2" })
            Fail(2, [.. start, "--layer", "conv1", "--at", place], "--at", place);
        Fail(2, [.. start, "--map", "1"], "--map needs --layer");
        Fail(2, [.. start, "--gradcam", "--class", "rde"], "no class 'rde'", "dark, green, red");
        Fail(2, [.. start, "--occlusion", "--class", "3"], "no class '3'");
        Fail(2, [.. start, "--class", "red"], "--class needs --gradcam or --occlusion");
        Fail(2, [.. start, "--gradcam", "--layer", "nothing"], "no layer 'nothing'");
        Fail(2, [.. start, "--gradcam", "--layer", "conv1", "--map", "1"], "--gradcam");
        Fail(2, [.. start, "--occlusion", "--patch", "17"], "1 to 16", "17");
        Fail(2, [.. start, "--occlusion", "--patch", "4", "--stride", "5"], "1 to 4", "5");
        Fail(2, [.. start, "--patch", "4"], "--patch needs --occlusion");
        Fail(2, [.. start, "--top-patches", "conv1"], "--top-patches needs --data");
        Fail(2, [.. start, "--top-patches", "conv9", "--data", _data], "no layer 'conv9'");
        foreach (string[] other in new string[][] { ["--json"], ["--figure", "x.svg"], ["--classes", "3"], ["--input", "3x8x8"] })
            Fail(2, [.. start, .. other], other[0], "models without weights");
        Fail(2, [.. start, "--batch", "4"], "--batch needs --occlusion");
        Fail(2, ["explain", "--weights", _weights], "IMAGE");
        Fail(2, ["explain", "--weights", _weights, "--gradcam"], "--gradcam needs an IMAGE");
        Fail(2, ["explain", "lenet5", "--gradcam"], "--weights");
        Fail(1, ["explain", "--weights", _folder["none.safetensors"], _image], "none.safetensors");
        Fail(1, ["explain", "--weights", _image, _image], Path.GetFileName(_image));
        Fail(1, ["explain", "--weights", _weights, _folder["none.png"]], "none.png");
        Fail(1, ["explain", "--weights", _weights, _folder.Add([1, 2, 3], "broken.png")], "broken.png");
        Fail(1, ["explain", "--weights", _weights, _folder["data"]], "is a folder");
        Fail(1, [.. start, "--top-patches", "conv1", "--data", _folder["nowhere"]], "nowhere");
    }

    [Test]
    public void WeightsWithoutClassNamesOrInputAreOneLine([Values("classes", "input", "model")] string entry)
    {
        byte[] content = File.ReadAllBytes(_weights);
        int place = content.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes($"\"{entry}\""));
        content[place + 1] = (byte)'_';
        string weights = _folder.Add(content, $"without {entry}.safetensors");
        Fail(1, ["explain", "--weights", weights, _image], $"without {entry}.safetensors", $"'{entry}' is missing");
        Fail(1, ["explain", "--weights", weights, "--filters"], $"'{entry}' is missing");
    }

    [Test]
    public void AFolderThatCannotBeWrittenIsOneLine()
    {
        string file = _folder.Add([1], "file");
        Fail(1, ["explain", "--weights", _weights, _image, "--out", file], "file");
        Fail(1, ["explain", "--weights", _weights, _image, "--out", Path.Join(file, "below")], "below");
        if (OperatingSystem.IsLinux())
            Fail(1, ["explain", "--weights", _weights, _image, "--out", "/proc/explanation"], "/proc/explanation");
        Directory.CreateDirectory(_folder["taken", "index.html"]);
        Fail(1, ["explain", "--weights", _weights, _image, "--out", _folder["taken"]], "index.html");
    }

    [Test]
    public void WithoutAnImageOnlyFiltersAndPatchesAreDrawn()
    {
        string folder = _folder["filters alone"];
        Succeed("explain", "--weights", _weights, "--filters", "--out", folder);
        Assert.That(Directory.GetFileSystemEntries(folder).Select(Path.GetFileName), Is.EquivalentTo(["filters.png", "index.html"]));
    }

    /// <summary>The value under the pointer is that of the layer, and a click gives the command that explains it.</summary>
    [TestCase(1400)]
    [TestCase(400)]
    public void ThePageShowsTheValueUnderThePointer(int width)
    {
        string folder = _folder[$"page {width}"];
        Succeed("explain", "--weights", _weights, _image, "--gradcam", "--filters", "--out", folder);
        using var device = new CpuDevice(1);
        using Model model = Model.Load(_weights, device);
        float value = model.Explain(_image).Explain("conv1", 2, (7, 4)).Value;
        // The middle of the pixel at row 7 and column 4 of the third map; maps of 16x16 stand in rows of eight, a pixel apart.
        string html = File.ReadAllText(Path.Join(folder, "index.html")).Replace("</body>", """
            <script>addEventListener("load", () => {
              const image = document.querySelector("img.maps"), box = image.getBoundingClientRect();
              const at = (x, y) => ({ clientX: box.left + x * box.width / image.naturalWidth, clientY: box.top + y * box.height
                / image.naturalHeight, bubbles: true });
              const read = () => document.getElementById("readout").textContent;
              image.dispatchEvent(new PointerEvent("pointermove", at(2 * 17 + 4.5, 7.5)));
              const list = document.createElement("pre");
              list.textContent = "moved:" + read();
              image.dispatchEvent(new MouseEvent("click", at(2 * 17 + 4.5, 7.5)));
              list.textContent += ";clicked:" + read() + ";wide:" + (document.documentElement.scrollWidth > innerWidth) + ";";
              document.body.append(list);
            });</script></body>
            """);
        Library.Reports.Browser.OpenedPage page = Library.Reports.Browser.Open(html, width);
        Assert.That(page.Console, Is.Empty);
        Assert.That(page.Requests, Is.Empty);
        string text = NumberText.Short(value);
        Assert.That(page.Dom, Does.Contain($"moved:conv1: map 2, row 7, column 4: {text};"));
        Assert.That(page.Dom, Does.Match($@"clicked:conv1: map 2, row 7, column 4: {Regex.Escape(text)}\s+gpucnn explain --weights "
            + "[^;]* --layer conv1 --map 2 --at 7,4;"));
        Assert.That(page.Dom, Does.Contain("wide:false"));
    }

    [GeneratedRegex("(?:src|href)=\"([^\"]*)\"")]
    private static partial Regex Address();

    [GeneratedRegex(@"(\d+) pictures")]
    private static partial Regex Count();
}
