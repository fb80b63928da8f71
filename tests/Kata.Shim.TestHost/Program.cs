return await Kata.Shim.ShimHost.RunAsync(args);
