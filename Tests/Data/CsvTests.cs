using System.Text;
using GpuCnn.Data;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class CsvTests
{
    private readonly TemporaryFolder _folder = new();

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void ReadsPathsAndLabels()
    {
        Images("plain", "a", 3);
        Add("\uFEFFlabel,path\r\n\"owl, barn\",a/2.pgm\r\ncat,a/0.pgm\r\n\"owl, barn\",\"a/1.pgm\"\r\n", "plain", "labels.csv");
        foreach (string path in (string[])[_folder["plain", "labels.csv"], _folder["plain"]])
        {
            // The class folder next to it would be a data set of another kind.
            if (path == _folder["plain"]) Directory.Move(_folder["plain", "a"], _folder["plain", "images"]);
            if (path == _folder["plain"]) Add("label,path\nowl,2.pgm\ncat,0.pgm\nowl,1.pgm\n", "plain", "labels.csv");
            LocatedDataset data = DatasetLocator.Open(path == _folder["plain"] ? _folder["plain", "labels.csv"] : path);
            Assert.That(data.Train.Labels, Is.EqualTo(new[] { 1, 0, 1 }));
            Assert.That(data.Train.Read(0).Pixels[0], Is.EqualTo(2));
        }
    }

    [Test]
    public void SplitsFollowFilesOrAColumn()
    {
        Images("files", "", 4);
        Add("image_id;target\n0;3\n1;12\n", "files", "train.csv");
        Add("image_id;target\n2;12\n", "files", "valid.csv");
        LocatedDataset data = DatasetLocator.Open(_folder["files"]);
        Assert.That((data.Train.Count, data.Validation!.Count, string.Join(' ', data.Classes)), Is.EqualTo((2, 1, "3 12")));
        Assert.That(data.Kind, Is.EqualTo("CSV files train.csv, valid.csv"));
        Images("column", "", 4);
        Add("file\tlabel\tsplit\n0.pgm\ta\ttrain\n1.pgm\tb\tTest\n2.pgm\tb\ttrain\n", "column", "all.tsv");
        data = DatasetLocator.Open(_folder["column"]);
        Assert.That((data.Train.Labels.Count, data.Validation!.Labels.Single()), Is.EqualTo((2, 1)));
        Assert.That(data.Test, Is.SameAs(data.Validation));
        Add("file\tlabel\tsplit\n0.pgm\ta\ttrain\n1.pgm\tb\tTest\n2.pgm\tb\ttrain\n3.pgm\ta\tval\n", "column", "all.tsv");
        data = DatasetLocator.Open(_folder["column"]);
        Assert.That((data.Validation!.Labels.Single(), data.Test.Labels.Single()), Is.EqualTo((0, 1)));
        Add("file\tlabel\tsplit\n0.pgm\ta\ttrain\n1.pgm\tz\ttest\n2.pgm\tb\ttrain\n3.pgm\ta\tval\n", "column", "all.tsv");
        Assert.That((data = DatasetLocator.Open(_folder["column"])).Problems, Is.Empty);
        OneLine.Thrown(() => _ = data.Test, "1.pgm", "'z'");
    }

    [Test]
    public void ClassFoldersTakePrecedenceOverCsv()
    {
        Images("both", "a", 2);
        Images("both", "b", 2);
        Add("path,label\na/0.pgm,x\n", "both", "labels.csv");
        Assert.That(DatasetLocator.Open(_folder["both"]).Kind, Is.EqualTo("class folders"));
        Assert.That(DatasetLocator.Open(_folder["both", "labels.csv"]).Train.Count, Is.EqualTo(1));
    }

    [Test]
    public void MistakesGiveOneLineErrors()
    {
        Images("wrong", "", 2);
        Wrong("a,b\n0.pgm,1\n", "a first line with the names of columns");
        Wrong("path,label\n0.pgm,1,2\n", "2 fields in each line", "3 in line 2");
        Wrong("path,label\n,1\n", "a path in each line", "line 2");
        Wrong("path,label\n\"0.pgm,1\n", "quotes in pairs");
        Wrong("path,label\n", "a line for each image");
        Wrong("path,label,split\n0.pgm,1,some\n", "'some'");
        Add("zero\none\n", "wrong", "classes.txt");
        Wrong("path,label\n0.pgm,1\n1.pgm,2\n", "1.pgm", "0 to 1", "'2'");
        Wrong("path,label\n0.pgm,1\n1.pgm,-1\n", "1.pgm", "'-1'");
        Add("one\none\n", "wrong", "classes.txt");
        Wrong("path,label\n0.pgm,1\n", "classes 0 and 1 are both 'one'");

        void Wrong(string text, params string[] parts) => OneLine.Thrown(() => DatasetLocator.Open(Add(text, "wrong", "x.csv")), parts);
    }

    private void Images(string name, string below, int count)
    {
        for (int i = 0; i < count; i++) _folder.Add([.. "P5 1 1 255\n"u8, (byte)i],
            below.Length == 0 ? [name, $"{i}.pgm"] : [name, below, $"{i}.pgm"]);
    }

    private string Add(string text, params string[] parts) => _folder.Add(Encoding.UTF8.GetBytes(text), parts);
}
