using System.Text.Json;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Optimizers;
using GpuCnn.Kernels.Pointwise;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary><c>gpucnn kernels</c>: what it shows is what devices compile.</summary>
public sealed class KernelsTests
{
    [Test]
    public void ListsAllOfThem()
    {
        JsonElement rows = Succeed("kernels", "list", "--json").Json;
        Assert.That(rows.EnumerateArray().Select(row => row.GetProperty("name").GetString()),
            Is.EqualTo(KernelText.All(typeof(IKernel).Assembly).Select(text => text.Name)));
        HasProperties(rows[0], "name", "barriers", "inPlace", "constants", "summary");
        JsonElement tanh = Row("PointwiseForward_Tanh"), gemm = Row("Gemm_Identity"), sgd = Row("SgdUpdate");
        Assert.Multiple(() =>
        {
            Assert.That(tanh.GetProperty("barriers").GetBoolean(), Is.False);
            Assert.That(tanh.GetProperty("inPlace").GetBoolean());
            Assert.That(tanh.GetProperty("summary").GetString(),
                Is.EqualTo("Computes y = f(x), 16 bytes a thread; y may be x, stored alike"));
            Assert.That(gemm.GetProperty("barriers").GetBoolean());
            Assert.That(sgd.GetProperty("constants").EnumerateArray().Select(name => name.GetString()), Is.EqualTo(new[] { "nesterov" }));
        });
        string text = Succeed("kernels", "list").Output;
        foreach (JsonElement row in rows.EnumerateArray()) Assert.That(text,
            Does.Contain(row.GetProperty("name").GetString()).And.Contain(row.GetProperty("summary").GetString()));

        JsonElement Row(string name) => rows.EnumerateArray().Single(row => row.GetProperty("name").GetString() == name);
    }

    [TestCase("cuda", KernelDialect.Cuda)]
    [TestCase("opencl", KernelDialect.OpenCl)]
    public void ShowsExactlyWhatIsCompiled(string dialect, KernelDialect language)
    {
        Assert.That(
            Succeed("kernels", "show", "PointwiseForward_Tanh", "--dialect", dialect, "--define", "isBFloat16X=false", "--define",
                "isBFloat16Y=true").Output.TrimEnd('\n'),
            Is.EqualTo(KernelText.Source(new PointwiseForward<Tanh>(false, true, default, default, 1, default), language)));
        Assert.That(Succeed("kernels", "show", "AverageWeights", "--dialect", dialect).Output.TrimEnd('\n'),
            Is.EqualTo(KernelText.Source(new AverageWeights(default, default, default, 1, 0), language)));
        Assert.That(Succeed("kernels", "show", "sgdupdate", "--dialect", dialect, "--define", "nesterov=true").Output.TrimEnd('\n'),
            Is.EqualTo(KernelText.Source(new SgdUpdate(true, default, default, default, default, 1, 0, 0, 0), language)));
    }

    [Test]
    public void NamesTheConstantsThatAreMissing()
    {
        string output = Succeed("kernels", "show", "SgdUpdate", "--dialect", "cuda").Output;
        Assert.That(output, Does.StartWith("// Before this, each variant defines SPEC_nesterov (bool), and GROUP_SIZE_X, "
            + "GROUP_SIZE_Y and GROUP_SIZE_Z.\n"
            + "// gpucnn kernels show SgdUpdate --dialect cuda --define nesterov=true|false shows all of it.\n"));
        Assert.That(output.TrimEnd('\n'), Does.EndWith(SgdUpdate.Text.Cuda));
    }

    [TestCase("kernels show SgdUpdat --dialect cuda", "no kernel 'SgdUpdat'", "did you mean SgdUpdate?", "gpucnn kernels list")]
    [TestCase("kernels show SgdUpdate", "--dialect", "gpucnn kernels show --help")]
    [TestCase("kernels show SgdUpdate --dialect metal", "--dialect expects ptx, ilgpu-opencl, cuda or opencl, but got 'metal'")]
    [TestCase("kernels show SgdUpdate --dialect cuda --define nesterov=perhaps", "expects true|false, but got 'perhaps'")]
    [TestCase("kernels show SgdUpdate --dialect cuda --define nesterov", "--define expects NAME=VALUE, but got 'nesterov'")]
    [TestCase("kernels show SgdUpdate --dialect cuda --define nesterov=true --define nesterov=true", "--define nesterov was given twice")]
    [TestCase("kernels show SgdUpdate --dialect cuda --define tile=4",
        "has the specialization constants nesterov, but got --define tile=4")]
    [TestCase("kernels show AverageWeights --dialect cuda --define tile=4",
        "AverageWeights has no specialization constants, but got --define tile=4")]
    [TestCase("kernels", "list, show")]
    [TestCase("kernels show", "gpucnn kernels show --help")]
    public void SaysWhatIsWrongInOneLine(string line, params string[] parts) => Fail(GpuCnn.Cli.Program.WrongUsage, line.Split(' '), parts);

    /// <summary>Every kernel can be made from its constants alone.</summary>
    [Test]
    public void ShowsEveryKernel()
    {
        foreach (KernelText text in KernelText.All(typeof(IKernel).Assembly))
        {
            string dialect = text.IsCudaOnly ? "cuda" : "opencl";
            Assert.That(Succeed("kernels", "show", text.Name, "--dialect", dialect).Output, Does.Contain($" {text.Name}("));
        }
    }
}
