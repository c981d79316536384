using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Kernels.Language;
using GpuCnn.Models;

namespace GpuCnn.Cli;

/// <summary>
/// The commands and options that help after a failure. The library's messages state facts; here, and nowhere else, they become advice for
/// the command line.
/// </summary>
internal static class Advice
{
    /// <summary>The message of a failure on one line, with the advice that belongs to it.</summary>
    public static string Describe(GpuCnnException exception)
    {
        string message = exception.Message;
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
            if (Of(cause) is { } advice) message = $"{message.TrimEnd('.')}; {advice}";
        return message;
    }

    /// <summary>What to do, without a capital and with a full stop; null where the message says all there is.</summary>
    private static string? Of(Exception failure) => failure switch
    {
        UnknownModelException => "gpucnn models lists all.",
        NoPaperRecipeException => "leave --recipe out, or see gpucnn models.",
        StateDictMismatchException { Likeliest: null } => "gpucnn models lists them.",
        StateDictMismatchException file when file.Likeliest == file.Asked => "--input sets the input.",
        StateDictMismatchException file => $"use --model {file.Likeliest}.",
        SeveralStateDictsException file => $"take one with {string.Join(" or ", file.Keys.Select(key => $"--key {Words.Quote(key)}"))}.",
        NotAWeightsFileException => "make a weights file from it with gpucnn import.",
        SettingConflictException conflict => $"change or leave out {string.Join(" or ", conflict.Names.Select(name => $"--{name}"))}.",
        OtherModelException file => $"use --model {file.Model}, or another file.",
        NotACheckpointException file => $"start from it with --weights {Words.Quote(file.Path)}.",
        OtherOptimizerException file => $"start from it with --weights {Words.Quote(file.Path)}.",
        RunExistsException run => $"continue it with --resume {Words.Quote(run.Path)}, or choose another folder with --out.",
        FolderNotEmptyException => "choose another folder with --out.",
        FolderInUseException => "wait until it ends, or choose another folder with --out.",
        NoRunException run => $"start one with gpucnn train --out {Words.Quote(run.Path)}.",
        SingleValueException => "use --batch 2 or more, or a larger --input.",
        BatchTooSmallException ranks => $"use --batch {ranks.Least} or more, or start fewer ranks.",
        RankDevicesException => "choose a kind that all of them have with --device.",
        BatchTooLargeException data => $"use --batch {data.Images} or less.",
        UnusableStartException => "gpucnn data check looks at the images; without --weights the weights are drawn at random.",
        TrainingDivergedException { Checkpoint: null } run => $"start again with --lr {Lower(run)}.",
        TrainingDivergedException run => $"go on from it with --weights {Words.Quote(run.Checkpoint)} --lr {Lower(run)}.",
        UnreadableDataException { RunFolder: { } folder } => $"go on with: gpucnn train --resume {Words.Quote(folder)}",
        DatasetNotFoundException data => $"or make a small data set there with: gpucnn data demo {Words.Quote(data.Path)}",
        FaultyDatasetException data => $"gpucnn data check {Words.Quote(data.Path)} lists them all.",
        TooManyBadImagesException => "gpucnn data check lists all that is wrong with a data set.",
        PictureCacheException => "--cache ram or none does without it.",
        AmbiguousClassException => "gpucnn import --classes-file names them.",
        MissingDataException => "--data and --val say where it is now.",
        ChangedDataException => "--weights names them.",
        DeviceOutOfMemoryException { LargestBatch: > 0 and var largest } => $"use --batch {largest} or less.",
        DeviceOutOfMemoryException { LargestBatch: 0 } => "use another --device.",
        UnsupportedPrecisionException => "fp32 runs on all devices, and gpucnn devices lists what else each has.",
        UnknownDeviceException or DeviceUnavailableException => "gpucnn devices lists what this machine has.",
        HostMemoryException or SizeException => "use a smaller --batch, a smaller --input or fewer classes.",
        DeviceLostException => "--resume goes on at the last checkpoint of the run's folder.",
        KernelBuildException { Dialect: { } dialect } kernel =>
            $"gpucnn kernels show {kernel.Kernel} --dialect {(dialect == KernelDialect.Cuda ? "cuda" : "opencl")} prints its source.",
        _ => null,
    };

    private static string Lower(TrainingDivergedException run) => FormattableString.Invariant($"{run.LearningRate / 10:G2}");
}
