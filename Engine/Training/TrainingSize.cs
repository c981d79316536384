using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Training;

/// <summary>Holds a run's batch against its data set and against the device's free memory. It allocates nothing on the device.</summary>
public static class TrainingSize
{
    /// <summary>
    /// Refuses a run that is too large, before its images are looked at and its weights are drawn: a batch larger than the data set, or one
    /// that the device's free memory does not hold.
    /// </summary>
    /// <param name="images">Images to train on.</param>
    /// <param name="ranks">Ranks that share a batch; the device has to hold this rank's share. Null is a process by itself.</param>
    /// <exception cref="BatchTooLargeException">The data set has fewer images than a step takes.</exception>
    /// <exception cref="BatchTooSmallException">There are more ranks than images of a batch.</exception>
    /// <exception cref="DeviceOutOfMemoryException">The memory is too small.</exception>
    public static void Check(Network network, Device device, TrainingSettings settings, int images, Communicator? ranks = null)
    {
        CheckBatch(settings, images);
        ranks ??= Communicator.Alone;
        CheckShares(settings, ranks);
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        using var plan = new Plan(parameters, TrainingPlans.Options(settings, settings.Loss, ranks));
        try
        {
            plan.CheckMemory();
        }
        catch (DeviceOutOfMemoryException exception) when (!ranks.IsAlone && exception.LargestBatch is { } largest)
        {
            // A user gives the batch of all ranks.
            throw new DeviceOutOfMemoryException(exception.Message, exception.NeededBytes, exception.FreeBytes)
            {
                LargestBatch = largest * ranks.Size,
            };
        }
    }

    /// <summary>
    /// Returns settings that the device's free memory holds: where it does not hold a batch, the batch is halved and twice as many are
    /// accumulated, until it fits. A step has the same images; batch norm sees fewer of them at a time.
    /// </summary>
    /// <inheritdoc cref="Check"/>
    public static TrainingSettings Fit(Network network, Device device, TrainingSettings settings, int images) =>
        Fit(network, device, settings, images, Communicator.Alone);

    /// <summary>
    /// Does the same for several ranks: the one whose device holds the fewest images decides for all of them. All ranks call it together.
    /// </summary>
    /// <inheritdoc cref="Check"/>
    public static TrainingSettings Fit(Network network, Device device, TrainingSettings settings, int images, Communicator ranks)
    {
        TrainingSettings own = ranks.Together(() => FitOwn(network, device, settings, images, ranks));
        var accumulated = new int[ranks.Size];
        ranks.AllGather<int>([own.Accumulate], accumulated);
        int most = accumulated.Max();
        return most == own.Accumulate ? own : settings with { Batch = settings.EffectiveBatch / most, Accumulate = most };
    }

    private static TrainingSettings FitOwn(Network network, Device device, TrainingSettings settings, int images, Communicator ranks)
    {
        TrainingSettings tried = settings;
        DeviceOutOfMemoryException? first = null;
        while (true)
        {
            try
            {
                Check(network, device, tried, images, ranks);
                return tried;
            }
            catch (DeviceOutOfMemoryException exception)
            {
                first ??= exception;
                if (tried.Batch % 2 != 0 || tried.Batch / 2 < ranks.Size) throw first;
                tried = tried with { Batch = tried.Batch / 2, Accumulate = tried.Accumulate * 2 };
            }
            catch (SingleValueException) when (first is not null)
            {
                throw first;
            }
        }
    }

    /// <exception cref="BatchTooLargeException">The data set has fewer images than a step takes.</exception>
    internal static void CheckBatch(TrainingSettings settings, int images)
    {
        if ((long)settings.Batch * settings.Accumulate <= images) return;
        string got = settings.Accumulate == 1 ? $"{settings.Batch}" : $"{settings.Accumulate} x {settings.Batch}";
        throw new BatchTooLargeException(
            $"Training expects a batch no larger than the data set, but got {got} of {images} images.",
            Math.Max(1, images / settings.Accumulate));
    }

    /// <exception cref="BatchTooSmallException">There are more ranks than images of a batch.</exception>
    public static void CheckShares(TrainingSettings settings, Communicator ranks)
    {
        if (settings.Batch < ranks.Size) throw new BatchTooSmallException(
            $"Training on {ranks.Size} ranks expects a batch of an image or more for each of them, but got a batch of {settings.Batch}.",
            ranks.Size);
    }
}
