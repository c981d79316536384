using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Sets;

/// <summary>What a property declares of a setting is what options and files see.</summary>
public sealed class SettingsTests
{
    [Test]
    public void ATypeSaysWhatItsSettingsAre()
    {
        IReadOnlyList<Setting> settings = Settings.Of(typeof(Machine));
        Assert.That(settings.Select(setting => (setting.Name, setting.ValueType, setting.Range)), Is.EqualTo(new (string, Type, string)[]
        {
            ("top-speed", typeof(float), "a number above 0 to below 100"),
            ("gears", typeof(int), "a whole number of 1 or more"),
            ("stops", typeof(IReadOnlyList<int>), "ascending whole numbers of 1 or more"),
            ("limit", typeof(float), "a number from 0 to 1"),
            ("loud", typeof(bool), "true or false"),
            ("serial", typeof(ulong), "a whole number"),
        }), "its own before its base's");
        Assert.That(settings.Single(setting => setting.Name == "limit").MayBeNull, Is.True);
        Assert.That(settings[0].Description, Is.EqualTo("How fast it goes."));
        Assert.That(settings.Select(setting => Setting.Format(setting.Get(new Machine()))),
            Is.EqualTo(new[] { "9.5", "4", "", "", "false", "7" }), "defaults");
    }

    [Test]
    public void AnInstanceIsMadeFromNamesAndValues()
    {
        Machine machine =
            Settings.With(new Machine { Gears = 2 }, new Dictionary<string,
            object?>
            { ["top-speed"] = 3.5f, ["stops"] = new[] { 1, 4 }, ["serial"] = 12 });
        Assert.That((machine.TopSpeed, machine.Gears, machine.Serial), Is.EqualTo((3.5f, 2, 12ul)));
        Assert.That(machine.Stops, Is.EqualTo(new[] { 1, 4 }));
        Assert.That(Settings.Changed(machine).Select(setting => setting.Name),
            Is.EqualTo(new[] { "top-speed", "gears", "stops", "serial" }));
        Assert.That(Settings.Values(machine)["top-speed"], Is.EqualTo(3.5f));
    }

    [TestCase("top-speed", "0", "a number above 0 to below 100")]
    [TestCase("top-speed", "100", "a number above 0 to below 100")]
    [TestCase("top-speed", "NaN", "a number above 0 to below 100")]
    [TestCase("top-speed", "fast", "a number above 0 to below 100")]
    [TestCase("gears", "0", "a whole number of 1 or more")]
    [TestCase("gears", "1.5", "a whole number of 1 or more")]
    [TestCase("stops", "3,3", "ascending whole numbers of 1 or more")]
    [TestCase("stops", "0,3", "ascending whole numbers of 1 or more")]
    [TestCase("stops", "1,,2", "ascending whole numbers of 1 or more")]
    [TestCase("limit", "1.5", "a number from 0 to 1")]
    [TestCase("serial", "-1", "a whole number")]
    [TestCase("loud", "maybe", "true or false")]
    public void TextOutOfRangeIsOneLine(string name, string text, string expected)
    {
        Setting setting = Settings.Of(typeof(Machine)).Single(setting => setting.Name == name);
        var error =
            (SettingException)OneLine.Thrown(() => setting.Parse("machine", text), "machine", name.Replace('-', ' '), expected, text);
        Assert.That((error.Owner, error.Name, error.Expected, error.Got), Is.EqualTo(("machine", name, expected, $"'{text}'")));
    }

    [Test]
    public void TextReadsBackAsItWasWritten()
    {
        foreach ((string name, object value) in new (string, object)[] { ("top-speed", 0.1f), ("gears", 3),
            ("stops", new List<int> { 2, 5 }), ("loud", true), ("serial", ulong.MaxValue) })
            Assert.That(Settings.Of(typeof(Machine)).Single(setting => setting.Name == name).Parse("machine", Setting.Format(value)),
                Is.EqualTo(value));
    }

    [Test]
    public void ValuesAreCheckedWhereTheyAreSet()
    {
        OneLine.Thrown(() => _ = new Machine { TopSpeed = 100 }, "machine", "top speed", "below 100", "100");
        OneLine.Thrown(() => _ = new Machine { Limit = -1 }, "limit", "-1");
        OneLine.Thrown(() => Settings.With(new Machine(), new Dictionary<string, object?> { ["gears"] = 0 }), "gears", "0");
        Assert.That(new Machine { Limit = null }.Limit, Is.Null);
        var unknown = (UnknownSettingException)OneLine.Thrown(
            () => Settings.With(new Machine(), new Dictionary<string, object?> { ["colour"] = 0 }), "machine", "'colour'", "top-speed");
        Assert.That((unknown.Owner, unknown.Name, unknown.Known.Count), Is.EqualTo(("machine", "colour", 6)));
    }

    [Test]
    public void WhatHasToBeGivenIsAskedFor()
    {
        OneLine.Thrown(() => Settings.CheckComplete(new Machine()), "machine", "stops", "none");
        Assert.That(() => Settings.CheckComplete(new Machine { Stops = [2] }), Throws.Nothing);
    }

    [Test]
    public void NamedValuesOfAnEnumAreChoices()
    {
        Setting setting = Settings.Of(typeof(TrainingSettings)).Single(setting => setting.Name == "precision");
        Assert.That((setting.Range, setting.Placeholder), Is.EqualTo(("fp32, tf32 or bf16", "fp32|tf32|bf16")));
        Assert.That(Setting.Format(Precision.BFloat16), Is.EqualTo("bf16"));
        Assert.That(setting.Parse("training", "TF32"), Is.EqualTo(Precision.TF32));
        foreach (string text in new[] { "fp16", "2", "BFloat16", "" })
            OneLine.Thrown(() => setting.Parse("training", text), "precision", "fp32, tf32 or bf16", $"'{text}'");
        OneLine.Thrown(() => _ = new TrainingSettings { Precision = (Precision)7 }, "precision", "fp32, tf32 or bf16", "7");
        Assert.That(Settings.With(new TrainingSettings(), new Dictionary<string, object?> { ["precision"] = Precision.TF32 }).Precision,
            Is.EqualTo(Precision.TF32));
    }

    private abstract class Base : INamed
    {
        public string Name => "machine";

        [Setting("How much it takes at most.", AtLeast = 0, AtMost = 1)]
        public float? Limit { get; init => field = Setting.Check(this, value); }

        [Setting("Whether it can be heard.")]
        public bool Loud { get; init; }

        [Setting("Which one it is.")]
        public ulong Serial { get; init; } = 7;
    }

    private sealed class Machine : Base
    {
        [Setting("How fast it goes.", Above = 0, Below = 100)]
        public float TopSpeed { get; init => field = Setting.Check(this, value); } = 9.5f;

        [Setting("How it goes.", AtLeast = 1)]
        public int Gears { get; init => field = Setting.Check(this, value); } = 4;

        [Setting("Where it stops.", AtLeast = 1, IsRequired = true)]
        public IReadOnlyList<int> Stops { get; init => field = Setting.Check(this, value); } = [];
    }
}
